import { parseArgs } from 'node:util';
import { type Cluster, startCluster } from '../cluster/support/cluster.ts';
import { siteImage } from '../cluster/support/engine.ts';
import { untilWell } from '../cluster/support/farol.ts';
import { FRONT_PORT } from '../cluster/support/site-files.ts';
import { brokenOff, refuse } from '../support/by-hand.ts';
import { engineAnswers } from '../support/docker-engine.ts';
import { playByHand } from './by-hand.ts';
import { openGate } from './gate.ts';
import { isRecordable, Recording } from './recording.ts';
import { playScript } from './script.ts';

// `npm run demo`: three sites in containers, a live table, and keys to take their power away. With `-- --script` a power
// cut and a return play by themselves, and `--record FILE` keeps what was shown.

const CLIENT_PORT = 8008;
const STILL_EVERY_MS = 5_000;

const { script, record } = options();
if (!(await engineAnswers()))
  refuse('The demo needs a Docker engine, and none answers here. `.ci/run` shows how to get one.');
if (!script && !process.stdin.isTTY)
  refuse('The demo shows a table and takes keys: run it in a terminal, or with `-- --script`.');
if (record !== undefined && !(script && isRecordable(record)))
  refuse('`--record FILE` goes with `--script`, to a FILE that ends with .svg or .cast.');

// Whoever breaks it off waits for what is being made, and then all of it is taken down.
const left = brokenOff();

await waiting(
  'Making the image of a site (the first time: Debian packages, some minutes)',
  siteImage(),
);
await using cluster = await waiting('Raising three sites', startCluster({ sites: 3 }));
if (!left.aborted) await waiting('They elect a leader', untilWell(cluster));
if (!left.aborted) await (script ? tell(cluster) : play(cluster));
process.stdout.write('\nTaking the sites down …\n');

function options() {
  try {
    return parseArgs({
      options: { script: { type: 'boolean', default: false }, record: { type: 'string' } },
    }).values;
  } catch (error) {
    return refuse(`${(error as Error).message}\nnpm run demo [-- --script [--record FILE]]`);
  }
}

async function play(sites: Cluster): Promise<void> {
  const gate = await openGate({
    port: CLIENT_PORT,
    address: sites.plan.address,
    addressPort: FRONT_PORT,
    serverName: sites.plan.serverName,
    ca: sites.ca,
  });
  await playByHand(sites, gate.url);
  await gate.close();
}

async function tell(sites: Cluster): Promise<void> {
  const recording = new Recording();
  let told = '';
  const ended = await playScript(sites, {
    left,
    show(picture, says) {
      recording.add(picture);
      // Into a file or another program goes what is told, and no picture.
      if (process.stdout.isTTY) process.stdout.write(`\u001b[H\u001b[J${picture}\n`);
      else if (says !== told) process.stdout.write(`${says}\n`);
      told = says;
    },
  });
  process.stdout.write(`\n${ended}\n`);
  if (record === undefined || left.aborted) return;
  recording.write(record);
  process.stdout.write(`What was shown is in ${record}\n`);
}

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
