import { emitKeypressEvents, type Key } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/support/cluster.ts';
import { anyStatus, look, type Machine, machinesOf, powerOff, powerOn } from './machines.ts';
import { screen } from './screen.ts';
import { switchOver } from './switch-over.ts';

const LOOK_EVERY_MS = 500;

/** A live table, and keys to take the sites' power away, until somebody has had enough. */
export async function playByHand(sites: Cluster, clientUrl: string): Promise<void> {
  const machines = machinesOf(sites);
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
