import { brokenOff } from '../../support/by-hand.ts';
import { interruptChildren } from '../../support/children.ts';
import { readOptions, refuseWithoutLab, refuseWithoutMemory } from '../begin.ts';
import { memoryOf, messagesAt, STANDS } from './measure.ts';
import { costOptionsOf, needsEngine, USAGE } from './options.ts';
import { COSTS } from './results.ts';

// `npm run compare:cost`: what a message costs here and at Synapse, by number of senders and by place, and what many
// rooms take of memory. What is over is added to the file at once, so that all of it can be done in pieces.

const options = readOptions({ of: costOptionsOf, usage: USAGE, runs: COSTS });
if (needsEngine(options))
  await refuseWithoutLab(
    'Three sites need a Docker engine, and none answers here. `--of one,memory` needs none.',
  );
refuseWithoutMemory();

// What waits for a process of ours is told that it has ended, and takes down what it made.
const left = brokenOff(interruptChildren);

try {
  for (const piece of options.of) await measure(piece);
} catch (error) {
  if (!left.aborted) throw error;
  console.error('Broken off: what was over stays in the file.');
  // What was broken off may still wait for a server that is gone.
  process.exit(130);
}

async function measure(piece: string): Promise<void> {
  left.throwIfAborted();
  const { seconds, rooms, into } = options;
  const stand = STANDS[piece];
  if (stand !== undefined) {
    const print = (line: string) => console.log(line);
    return COSTS.add(into, await messagesAt(stand, { seconds, print, signal: left }));
  }
  for (const count of rooms) {
    left.throwIfAborted();
    COSTS.add(into, [await memoryOf(count)]);
  }
}
