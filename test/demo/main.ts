import { emitKeypressEvents, type Key } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Status } from '../../failover/status/status.ts';
import { type Cluster, startCluster } from '../cluster/support/cluster.ts';
import { siteImage } from '../cluster/support/engine.ts';
import { frontHealth, untilWell } from '../cluster/support/farol.ts';
import type { Site } from '../cluster/support/site.ts';
import { FRONT_PORT } from '../cluster/support/site-files.ts';
import { engineAnswers } from '../support/docker-engine.ts';
import { openGate } from './gate.ts';
import { type MachineShown, screen } from './screen.ts';
import { switchOver } from './switch-over.ts';

// `npm run demo`: three sites in containers, a live table, and keys to take their power away.

const CLIENT_PORT = 8008;
const LOOK_EVERY_MS = 500;
const STILL_EVERY_MS = 5_000;

if (!(await engineAnswers())) {
  console.error(
    'The demo needs a Docker engine, and none answers here. `.ci/run` shows how to get one.',
  );
  process.exit(1);
}
if (!process.stdin.isTTY) {
  console.error('The demo shows a table and takes keys: run it in a terminal.');
  process.exit(1);
}

await waiting(
  'Making the image of a site (the first time: Debian packages, some minutes)',
  siteImage(),
);
await using cluster = await waiting('Raising three sites', startCluster({ sites: 3 }));
await waiting('They elect a leader', untilWell(cluster));
const gate = await openGate({
  port: CLIENT_PORT,
  address: cluster.plan.address,
  addressPort: FRONT_PORT,
  serverName: cluster.plan.serverName,
  ca: cluster.ca,
});
await run(cluster, gate.url);
await gate.close();
process.stdout.write('\nTaking the sites down …\n');

/** Says what is being done, and every few seconds that it still is. */
async function waiting<T>(what: string, work: Promise<T>): Promise<T> {
  process.stdout.write(`${what} …`);
  const began = performance.now();
  const timer = setInterval(() => {
    process.stdout.write(` ${Math.round((performance.now() - began) / 1_000)} s`);
  }, STILL_EVERY_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    process.stdout.write('\n');
  }
}

interface Machine {
  readonly site: Site;
  powered: boolean;
  connected: boolean;
}

async function run(sites: Cluster, clientUrl: string): Promise<void> {
  const machines: Machine[] = sites.machines.map((site) => ({
    site,
    powered: true,
    connected: true,
  }));
  const state = { chosen: 0, said: '', ended: false };
  const leave = takeKeys((key) => {
    press(key, machines, state).catch((error: Error) => {
      state.said = `That failed: ${error.message}`;
    });
  });
  while (!state.ended) {
    const [status, shown] = await Promise.all([
      anyStatus(machines),
      Promise.all(machines.map(look)),
    ]);
    const picture = screen({ clientUrl, machines: shown, status, ...state });
    process.stdout.write(`\u001b[H\u001b[J${picture}\n`);
    await sleep(LOOK_EVERY_MS);
  }
  leave();
}

async function press(
  key: string,
  machines: Machine[],
  state: { chosen: number; said: string; ended: boolean },
): Promise<void> {
  const machine = machines[state.chosen]!;
  const { name } = machine.site;
  switch (key) {
    case 'up':
      state.chosen = (state.chosen + machines.length - 1) % machines.length;
      return;
    case 'down':
      state.chosen = (state.chosen + 1) % machines.length;
      return;
    case 'p':
      state.said = machine.powered ? `${name} has lost its power` : `${name} has power again`;
      await (machine.powered ? powerOff(machine) : powerOn(machine));
      return;
    case 'n':
      if (!machine.powered) return;
      state.said = machine.connected ? `${name} is cut off` : `${name} is connected again`;
      machine.connected = !machine.connected;
      await (machine.connected ? machine.site.healNetwork() : machine.site.cutNetwork());
      return;
    case 's': {
      const asked = machines.find((each) => each.powered && each.connected);
      if (asked === undefined) {
        state.said = 'No site is left that could be asked.';
        return;
      }
      const { leader } = (await anyStatus(machines)) ?? { leader: null };
      state.said =
        leader === name ? `${name} hands over to the next …` : `Switching over to ${name} …`;
      state.said = await switchOver(asked.site, name, leader);
      return;
    }
    case 'q':
      state.ended = true;
  }
}

async function powerOff(machine: Machine): Promise<void> {
  machine.powered = false;
  await machine.site.powerOff();
}

async function powerOn(machine: Machine): Promise<void> {
  await machine.site.powerOn();
  if (machine.connected) await machine.site.healNetwork();
  machine.powered = true;
}

/** The first answer of a site that is connected; a site that is cut off tells of a world of its own. */
async function anyStatus(machines: readonly Machine[]): Promise<Status | null> {
  const asked = machines
    .filter(({ powered, connected }) => powered && connected)
    .map(async ({ site }) => {
      const options = ['-sS', '-m', '3', '--unix-socket', '/run/farol/agent/agent.sock'];
      return JSON.parse(await site.must(['curl', ...options, 'http://agent/v1/status'])) as Status;
    });
  return Promise.any(asked).catch(() => null);
}

async function look({ site, powered, connected }: Machine): Promise<MachineShown> {
  const health = powered ? await frontHealth(site).catch(() => null) : null;
  return { name: site.name, powered, connected, held: health?.held ?? null };
}

/** Every key by its name, until the function that is given back is called. */
function takeKeys(press: (key: string) => void): () => void {
  const listen = (_text: string, key: Key) =>
    press(key.ctrl && key.name === 'c' ? 'q' : (key.name ?? ''));
  emitKeypressEvents(process.stdin);
  process.stdin.setRawMode(true).resume().on('keypress', listen);
  return () => {
    process.stdin.setRawMode(false).pause().off('keypress', listen);
  };
}
