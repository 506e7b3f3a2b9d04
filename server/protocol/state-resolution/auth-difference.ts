import type { Event } from '../event.ts';
import type { EventId } from '../identifiers.ts';
import { authChainHas } from './auth-chain.ts';
import type { Conflict } from './conflict.ts';
import { type KnownEvents, keyOf } from './known-events.ts';
import { SmallestFirst } from './smallest-first.ts';
import type { Question, Steps } from './steps.ts';

/**
 * The *auth difference* beyond the conflicted state set itself: events in the auth chains of some of
 * the states, but not of all. As in Synapse, an event of a state counts as part of
 * its auth chain (README.md says what hangs on that).
 *
 * All chains of unconflicted events are in all states. So the walk begins at the conflicted events
 * and goes no further down where all states have met; how many entries the room has does not
 * matter. Only whether an event beneath stays in the difference may depend on an unconflicted event
 * that leads to it on a way of its own: `reached`.
 */
export function* authDifference(conflict: Conflict, known: KnownEvents): Steps<Set<EventId>> {
  yield* known.learn(conflict.conflicted.flatMap((state) => [...state.values()]));
  const walk = new Walk(conflict, known);
  while (walk.isGoingOn) {
    yield* known.learn(walk.below());
    walk.goDown();
  }
  const candidates = walk.candidates();
  if (candidates.length === 0) return new Set();
  const from = [...walk.common];
  const question: Question = { kind: 'reached', ids: candidates, from };
  const { reached = yield* authChainHas(candidates, startsOf(from, conflict), known) } =
    yield question;
  return new Set(candidates.filter((id) => !reached.has(id)));
}

function* startsOf(from: readonly EventId[], { unconflicted }: Conflict): Generator<EventId> {
  yield* from;
  yield* unconflicted.values();
}

/**
 * Each event has a mask of the states whose chains it was found in; masks only ever grow. The deepest
 * event goes first, for otherwise the chain of one state would run down to the beginning of
 * the room ahead of that of another. A depth that lies costs time only: an event taken to be of some
 * states, and found in all too late, is one of the candidates, and below one of `common`.
 */
class Walk {
  /** Events found in the chains of all states, whose own chains need no walk. */
  readonly common = new Set<EventId>();
  readonly #conflict: Conflict;
  readonly #known: KnownEvents;
  readonly #masks = new Map<EventId, bigint>();
  readonly #all: bigint;
  /** Whose masks have grown, so that what is below them must hear of it. */
  readonly #waiting = new Set<Event>();
  readonly #deepestFirst = new SmallestFirst<Event>((a, b) => a.depth > b.depth);
  readonly #learned = new Set<Event>();

  constructor(conflict: Conflict, known: KnownEvents) {
    this.#conflict = conflict;
    this.#known = known;
    this.#all = (1n << BigInt(conflict.conflicted.length)) - 1n;
    for (const [i, state] of conflict.conflicted.entries()) {
      for (const id of state.values()) this.#mark(id, 1n << BigInt(i));
    }
  }

  get isGoingOn(): boolean {
    return this.#waiting.size > 0;
  }

  /** The auth events of all that wait: so one question serves many steps. */
  below(): EventId[] {
    const ids: EventId[] = [];
    for (const event of this.#waiting) {
      if (this.#learned.has(event) || this.#isCommon(event)) continue;
      this.#learned.add(event);
      ids.push(...event.authEvents);
    }
    return ids;
  }

  /** Until the deepest of those that wait is one whose auth events are not learned. */
  goDown(): void {
    for (let event = this.#deepestFirst.take(); event; event = this.#deepestFirst.take()) {
      if (!this.#waiting.has(event)) continue;
      if (!this.#isCommon(event) && !this.#learned.has(event)) {
        this.#deepestFirst.add(event);
        return;
      }
      this.#waiting.delete(event);
      this.#pass(event);
    }
  }

  /** In the chains of some states only, and of no state itself. */
  candidates(): EventId[] {
    const ofStates = new Set(this.#conflict.conflicted.flatMap((state) => [...state.values()]));
    return [...this.#masks]
      .filter(([id, mask]) => mask !== this.#all && !ofStates.has(id))
      .map(([id]) => id);
  }

  #pass(event: Event): void {
    if (this.#isCommon(event)) {
      this.common.add(event.eventId);
      return;
    }
    const mask = this.#masks.get(event.eventId)!;
    for (const id of event.authEvents) this.#mark(id, mask);
  }

  #isCommon(event: Event): boolean {
    return this.#masks.get(event.eventId) === this.#all;
  }

  #mark(id: EventId, mask: bigint): void {
    const event = this.#known.get(id);
    if (event === undefined) return;
    const before = this.#masks.get(id) ?? this.#maskOfNew(event);
    if (before === (before | mask) && this.#masks.has(id)) return;
    this.#masks.set(id, before | mask);
    this.#waiting.add(event);
    this.#deepestFirst.add(event);
  }

  #maskOfNew(event: Event): bigint {
    return this.#conflict.unconflicted.get(keyOf(event)) === event.eventId ? this.#all : 0n;
  }
}
