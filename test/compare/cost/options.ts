import { parseArgs } from 'node:util';
import { numberOf, oneOf, understood, WrongOptions } from '../options.ts';
import { ROOMS, STANDS } from './measure.ts';
import { COSTS_FILE } from './results.ts';

export interface CostOptions {
  readonly of: readonly string[];
  readonly seconds: number;
  readonly rooms: readonly number[];
  readonly into: string;
}

const PIECES = [...Object.keys(STANDS), 'memory'];

export const USAGE = `npm run compare:cost [-- OPTIONS]
  --of LIST      of ${PIECES.join(',')}: all of them
  --seconds N    of each number of senders: 10
  --rooms LIST   whose memory is measured: ${ROOMS.join(',')}
  --into FILE    to which it is added: ${COSTS_FILE}`;

/** @throws WrongOptions */
export function costOptionsOf(args: readonly string[]): CostOptions {
  const { of, seconds, rooms, into } = understood(() =>
    parseArgs({
      args: [...args],
      options: {
        of: { type: 'string', default: PIECES.join(',') },
        seconds: { type: 'string', default: '10' },
        rooms: { type: 'string', default: ROOMS.join(',') },
        into: { type: 'string', default: COSTS_FILE },
      },
    }),
  );
  return {
    of: of.split(',').map((piece) => oneOf(PIECES, piece)),
    seconds: numberOf('--seconds', seconds),
    rooms: roomsOf(rooms),
    into,
  };
}

function roomsOf(said: string): number[] {
  if (!/^[1-9]\d{1,6}(,[1-9]\d{1,6})*$/.test(said))
    throw new WrongOptions('--rooms takes numbers from 10 on, with commas between them.');
  return said.split(',').map(Number);
}

/** Of what needs three sites in containers. */
export const needsEngine = ({ of }: CostOptions): boolean =>
  of.includes('near') || of.includes('apart');
