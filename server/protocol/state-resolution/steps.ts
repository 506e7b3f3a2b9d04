import type { Event } from '../event.ts';
import type { EventId, RoomId } from '../identifiers.ts';
import type { RoomVersionRules } from '../room-versions.ts';

/**
 * State resolution does not read; it asks. It is a generator: `next()` runs it up to a question,
 * `next(answer)` goes on, and at the end comes the resolved state. So it runs where its caller wants
 * (a worker, the event loop), and events may come from a cache, from PostgreSQL or over a message
 * port.
 */
export type Steps<T> = Generator<Question, T, Answer>;

export type Question =
  /**
   * Events of the room by id, rejected ones too. None is asked for twice. An answer may leave out what
   * is not known, and may bring more than was asked for.
   */
  | { readonly kind: 'events'; readonly ids: readonly EventId[] }
  /**
   * Which of `ids` are in the auth chain of an event of the unconflicted state, or of one of `from`?
   * An index of auth chains (a chain cover) knows that without loading an event. Without an answer
   * the resolution finds it out by asking for events, as many as those auth chains have.
   */
  | {
      readonly kind: 'reached';
      readonly ids: readonly EventId[];
      readonly from: readonly EventId[];
    };

export interface Answer {
  readonly events?: readonly Event[];
  readonly reached?: ReadonlySet<EventId>;
}

export interface ResolvedRoom {
  readonly roomId: RoomId;
  readonly rules: RoomVersionRules;
}
