import type { EventId, RoomId } from '../../../protocol/identifiers.ts';
import type { StateMap } from '../../../protocol/state-resolution/conflict.ts';
import type { EventText } from '../../read/stored-event.ts';

export interface NamedConflict {
  readonly unconflicted: StateMap;
  readonly conflicted: readonly StateMap[];
}

/** Those that are known of these. */
export type TellEvents = (ids: readonly EventId[]) => Promise<readonly EventText[]>;

export type StateEntry = readonly [key: string, eventId: EventId];

export interface Task {
  readonly roomId: RoomId;
  readonly version: string;
}

/** A list comes in pieces: each is written, and read, at a stroke. */
interface Piece<T> {
  readonly some: readonly T[];
  readonly isLast: boolean;
}

/**
 * What the server tells the process: a conflict of states, that which is in none first, and then the events of it that it
 * asks for. With `resolve` all is told.
 */
export type Told =
  | ({ readonly kind: 'state' } & Piece<StateEntry>)
  | ({ readonly kind: 'resolve' } & Task)
  | ({ readonly kind: 'events' } & Piece<EventText>);

/** What the process says to it. */
export type Said =
  | ({ readonly kind: 'asks' } & Piece<EventId>)
  | ({ readonly kind: 'resolved' } & Piece<StateEntry>);

/** Of entries and ids: some 100 bytes each. */
export const NAMED_AT_ONCE = 1_000;
/** Of events' texts. */
const TEXT_AT_ONCE = 256 * 1_024;

export const namesInPieces = <T>(all: Iterable<T>): Generator<Piece<T>> =>
  inPieces(all, () => 1, NAMED_AT_ONCE);

export const textsInPieces = (all: Iterable<EventText>): Generator<Piece<EventText>> =>
  inPieces(all, ({ json }) => json.length, TEXT_AT_ONCE);

/** One at least, which may be empty. */
function* inPieces<T>(
  all: Iterable<T>,
  lengthOf: (each: T) => number,
  lengthMax: number,
): Generator<Piece<T>> {
  let some: T[] = [];
  let length = 0;
  for (const each of all) {
    if (length >= lengthMax) {
      yield { some, isLast: false };
      [some, length] = [[], 0];
    }
    some.push(each);
    length += lengthOf(each);
  }
  yield { some, isLast: true };
}
