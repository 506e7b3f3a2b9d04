import type { EventId } from '../identifiers.ts';
import { authChainHas } from './auth-chain.ts';
import type { Conflict } from './conflict.ts';
import { type KnownEvents, keyOf } from './known-events.ts';
import type { Question, Steps } from './steps.ts';

/**
 * The *auth difference* beyond the conflicted state set itself: events in the auth chains of some of
 * the states, but not of all. As in every server known to us, an event of a state counts as part of
 * its auth chain (README.md says what hangs on that).
 *
 * All chains of unconflicted events are in all states. So the walk begins at the conflicted events
 * and goes no further down where all states have met; how many entries the room has does not
 * matter. Only whether an event beneath stays in the difference may depend on an unconflicted event
 * that leads to it on a way of its own: `reached`.
 */
export function* authDifference(conflict: Conflict, known: KnownEvents): Steps<Set<EventId>> {
  const walk = new Walk(conflict, known);
  while (walk.isGoingOn) {
    yield* known.learn(walk.waiting);
    walk.step();
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

/** Each event has a mask of the states whose chains it was found in; masks only ever grow. */
class Walk {
  /** Events found in the chains of all states, whose own chains need no walk. */
  readonly common = new Set<EventId>();
  /** To be walked on from, since their masks have grown. */
  waiting = new Set<EventId>();
  readonly #conflict: Conflict;
  readonly #known: KnownEvents;
  readonly #masks = new Map<EventId, bigint>();
  readonly #expanded = new Set<EventId>();
  readonly #ofStates = new Set<EventId>();
  readonly #all: bigint;

  constructor(conflict: Conflict, known: KnownEvents) {
    this.#conflict = conflict;
    this.#known = known;
    this.#all = (1n << BigInt(conflict.conflicted.length)) - 1n;
    for (const [i, state] of conflict.conflicted.entries()) {
      for (const id of state.values()) {
        this.#ofStates.add(id);
        this.#mark(id, 1n << BigInt(i));
      }
    }
  }

  get isGoingOn(): boolean {
    return this.waiting.size > 0;
  }

  /**
   * Goes one step down from the upper half, by depth, of those that wait: so many at once, since a
   * step may cost a round trip, but not all, since the chain of one state would run down to
   * the beginning of the room before that of another came up to it. A depth that lies costs time
   * only: whatever the order, the masks end up the same.
   */
  step(): void {
    const ids = [...this.waiting].filter((id) => this.#known.get(id) !== undefined);
    const depthOf = (id: EventId): number => this.#known.get(id)!.depth;
    ids.sort((a, b) => depthOf(b) - depthOf(a));
    const upper = ids.slice(0, Math.ceil(ids.length / 2));
    this.waiting = new Set(ids.slice(upper.length));
    for (const id of upper) this.#goDownFrom(id);
  }

  candidates(): EventId[] {
    return [...this.#masks.entries()]
      .filter(([id, mask]) => mask !== this.#all && !this.#ofStates.has(id))
      .map(([id]) => id)
      .filter((id) => this.#known.get(id) !== undefined);
  }

  #goDownFrom(id: EventId): void {
    const event = this.#known.get(id)!;
    if (this.#conflict.unconflicted.get(keyOf(event)) === id) this.#masks.set(id, this.#all);
    const mask = this.#masks.get(id)!;
    if (mask === this.#all && !this.#expanded.has(id)) {
      this.common.add(id);
      return;
    }
    this.#expanded.add(id);
    for (const authId of event.authEvents) this.#mark(authId, mask);
  }

  #mark(id: EventId, mask: bigint): void {
    const before = this.#masks.get(id) ?? 0n;
    if ((before | mask) === before) return;
    this.#masks.set(id, before | mask);
    this.waiting.add(id);
  }
}
