import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { engineAnswers } from '../../support/docker-engine.ts';
import { UnreadableResults } from '../../support/recorded.ts';
import { lacksMemory } from '../machine.ts';
import { memoryOf, messagesAt, ROOMS, STANDS } from './measure.ts';
import { COSTS, COSTS_FILE } from './results.ts';

// `npm run compare:cost`: what a message costs here and at Synapse, by number of senders and by place, and what many
// rooms take of memory. What is over is added to the file at once, so that all of it can be done in pieces.

const PIECES = [...Object.keys(STANDS), 'memory'];

const USAGE = `npm run compare:cost [-- OPTIONS]
  --of LIST      of ${PIECES.join(',')}: all of them
  --seconds N    of each number of senders: 10
  --rooms LIST   whose memory is measured: ${ROOMS.join(',')}
  --into FILE    to which it is added: ${COSTS_FILE}`;

const { of, seconds, rooms, into } = readOptions();
if (of.some((piece) => piece === 'near' || piece === 'apart') && !(await engineAnswers()))
  refuse('Three sites need a Docker engine, and none answers here. `--of one,memory` needs none.');
if (lacksMemory()) refuse('This needs 2.5 GiB of free memory.');

for (const piece of of) {
  const stand = STANDS[piece];
  if (stand !== undefined)
    COSTS.add(into, await messagesAt(stand, { seconds, print: (line) => console.log(line) }));
  else for (const count of rooms) COSTS.add(into, [await memoryOf(count)]);
}

function readOptions() {
  try {
    const read = parsed();
    if (existsSync(read.into)) COSTS.read(read.into);
    return read;
  } catch (error) {
    if (error instanceof UnreadableResults) return refuse(error.message);
    return refuse(`${(error as Error).message}\n${USAGE}`);
  }
}

function parsed() {
  const { values } = parseArgs({
    options: {
      of: { type: 'string', default: PIECES.join(',') },
      seconds: { type: 'string', default: '10' },
      rooms: { type: 'string', default: ROOMS.join(',') },
      into: { type: 'string', default: COSTS_FILE },
    },
  });
  const pieces = values.of.split(',');
  const unknown = pieces.find((piece) => !PIECES.includes(piece));
  if (unknown !== undefined) throw new Error(`"${unknown}" is none of ${PIECES.join(', ')}.`);
  if (!/^[1-9]\d{0,2}$/.test(values.seconds))
    throw new Error('--seconds takes a number from 1 to 999.');
  if (!/^[1-9]\d{1,6}(,[1-9]\d{1,6})*$/.test(values.rooms))
    throw new Error('--rooms takes numbers from 10 on, with commas between them.');
  const rooms = values.rooms.split(',').map(Number);
  return { of: pieces, seconds: Number(values.seconds), rooms, into: values.into };
}

function refuse(why: string): never {
  console.error(why);
  process.exit(1);
}
