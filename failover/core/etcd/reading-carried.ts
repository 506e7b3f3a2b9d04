import { TIMINGS } from '../timings.ts';
import type { Carried } from '../view.ts';

/** What agents believe of each other for longer than a pulse: so only what an agent could have said. Null if it is not. */
export function readCarried(value: unknown, revision: number): Carried | null {
  const { pause, moves, reinitializedMs } = fieldsOf(value);
  const isGood =
    (pause === null || isPause(fieldsOf(pause), revision)) &&
    (moves === null || isMoves(fieldsOf(moves))) &&
    (reinitializedMs === null || isWithin(reinitializedMs, Number.MAX_SAFE_INTEGER));
  return isGood ? (value as Carried) : null;
}

/** Its number is that of a revision, and of the few orders that one revision sees. */
const isPause = ({ number, leftMs }: Fields, revision: number): boolean =>
  isWithin(number, revision + ORDERS_MAX) && isWithin(leftMs, PAUSE_MAX_MS);

const isMoves = ({ count, passedMs, heldMs }: Fields): boolean =>
  isWithin(count, MOVES_MAX) &&
  isWithin(passedMs, Number.MAX_SAFE_INTEGER) &&
  isWithin(heldMs, TIMINGS.holdDownMaxMs);

export type Fields = Readonly<Record<string, unknown>>;

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

const isWithin = (value: unknown, max: number): boolean =>
  typeof value === 'number' && value >= 0 && value <= max;

/** As the agent's socket takes it. */
export const PAUSE_MAX_MS = 86_400_000;
const ORDERS_MAX = 1_000;
const MOVES_MAX = 10_000;
