import { existsSync } from 'node:fs';
import { livingLabs } from '../../cluster/support/engine.ts';
import { interruptChildren } from '../../support/children.ts';
import { engineAnswers } from '../../support/docker-engine.ts';
import { UnreadableResults } from '../../support/recorded.ts';
import { lacksMemory } from '../machine.ts';
import { WrongOptions } from '../options.ts';
import { memoryOf, messagesAt, STANDS } from './measure.ts';
import { type CostOptions, costOptionsOf, needsEngine, USAGE } from './options.ts';
import { COSTS } from './results.ts';

// `npm run compare:cost`: what a message costs here and at Synapse, by number of senders and by place, and what many
// rooms take of memory. What is over is added to the file at once, so that all of it can be done in pieces.

const options = readOptions();
if (needsEngine(options)) await refuseWithoutLab();
if (lacksMemory()) refuse('This needs 2.5 GiB of free memory.');

// What waits for a process of ours is told that it has ended, and takes down what it made.
const left = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    left.abort();
    interruptChildren();
  });

try {
  for (const piece of options.of) await measure(piece);
} catch (error) {
  if (!left.signal.aborted) throw error;
  console.error('Broken off: what was over stays in the file.');
  // What was broken off may still wait for a server that is gone.
  process.exit(130);
}

async function measure(piece: string): Promise<void> {
  left.signal.throwIfAborted();
  const { seconds, rooms, into } = options;
  const { signal } = left;
  const stand = STANDS[piece];
  if (stand !== undefined) {
    const print = (line: string) => console.log(line);
    return COSTS.add(into, await messagesAt(stand, { seconds, print, signal }));
  }
  for (const count of rooms) {
    signal.throwIfAborted();
    COSTS.add(into, [await memoryOf(count)]);
  }
}

async function refuseWithoutLab(): Promise<void> {
  if (!(await engineAnswers()))
    refuse(
      'Three sites need a Docker engine, and none answers here. `--of one,memory` needs none.',
    );
  const [lab] = await livingLabs();
  if (lab !== undefined)
    refuse(`Process ${lab} has a lab on this engine: two at once would measure each other.`);
}

function readOptions(): CostOptions {
  try {
    const read = costOptionsOf(process.argv.slice(2));
    if (existsSync(read.into)) COSTS.read(read.into);
    return read;
  } catch (error) {
    if (error instanceof UnreadableResults) return refuse(error.message);
    if (error instanceof WrongOptions) return refuse(`${error.message}\n${USAGE}`);
    throw error;
  }
}

function refuse(why: string): never {
  console.error(why);
  process.exit(1);
}
