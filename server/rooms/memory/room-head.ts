import type { Event, StateEvent } from '../../protocol/event.ts';
import { referenceHash } from '../../protocol/hashes.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { depthAfter, PREV_EVENTS_MAX } from '../../protocol/limits.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { GONE } from '../state/entries.ts';
import type { StateChain } from '../state/state-chain.ts';

export interface Extremity {
  readonly nid: number;
  readonly eventId: EventId;
  readonly depth: number;
  /** Where the room's version names it along with the id (versions 1 and 2). */
  readonly hash: string | undefined;
}

export const extremityOf = (
  { eventId, depth, pdu }: Pick<StateEvent, 'eventId' | 'depth' | 'pdu'>,
  nid: number,
  rules: RoomVersionRules,
): Extremity => ({
  nid,
  eventId,
  depth,
  hash: rules.eventIdForm === 'given' ? hashOf(pdu, rules) : undefined,
});

function hashOf(pdu: JsonObject | undefined, rules: RoomVersionRules): string {
  if (pdu === undefined)
    throw new Error('an event whose hash is asked for was kept without its PDU');
  return referenceHash(pdu, rules);
}

/**
 * Where the next event of a room is built: on what is committed, and on what is on its way (D1).
 * Readers never look here.
 */
export class RoomHead {
  extremities: readonly Extremity[];
  /** The current state's number; 0 before the create event. */
  stateNid: number;
  /** How that state is stored: read when the first state event is built. */
  chain: StateChain | undefined;
  readonly #committed: ReadonlyMap<number, number>;
  /** Nearly always there is nothing, and an empty map weighs as much as four entries. */
  #uncommitted: Map<number, number> | undefined;
  #since: Map<number, number> | undefined;

  constructor(
    committed: ReadonlyMap<number, number>,
    at: { extremities: readonly Extremity[]; stateNid: number; chain?: StateChain },
  ) {
    this.#committed = committed;
    this.extremities = at.extremities;
    this.stateNid = at.stateNid;
    this.chain = at.chain;
  }

  /** What the next event is built on: the deepest, where there are more than one may name. */
  get prevEvents(): readonly Extremity[] {
    if (this.extremities.length <= PREV_EVENTS_MAX) return this.extremities;
    return this.extremities.toSorted((a, b) => b.depth - a.depth).slice(0, PREV_EVENTS_MAX);
  }

  /** Of the event that is built next. */
  get nextDepth(): number {
    return depthAfter(this.prevEvents.map((each) => each.depth));
  }

  /** The event takes the place of those that it was built on, and leaves the others. */
  grow({ prevEvents }: Pick<Event, 'prevEvents'>, extremity: Extremity): void {
    const left = this.extremities.filter(({ eventId }) => !prevEvents.includes(eventId));
    this.extremities = [...left, extremity];
  }

  /** How many entries the state has; one that is on its way may count twice. */
  get size(): number {
    return this.#committed.size + (this.#uncommitted?.size ?? 0);
  }

  stateEventNid(keyNid: number): number | undefined {
    const nid = this.#uncommitted?.get(keyNid) ?? this.#committed.get(keyNid);
    return nid === GONE ? undefined : nid;
  }

  /** Undefined where the key is gone from the state. */
  setState(keyNid: number, eventNid: number | undefined): void {
    this.#uncommitted ??= new Map();
    this.#uncommitted.set(keyNid, eventNid ?? GONE);
  }

  /** The committed map has caught up with this event. */
  settle(keyNid: number, eventNid: number | undefined): void {
    if (this.#uncommitted?.get(keyNid) !== (eventNid ?? GONE)) return;
    this.#uncommitted.delete(keyNid);
    if (this.#uncommitted.size === 0) this.#uncommitted = undefined;
  }

  /** The whole state, for a snapshot. */
  entries(): Map<number, number> {
    const entries = new Map([...this.#committed, ...(this.#uncommitted ?? [])]);
    for (const [keyNid, eventNid] of entries) if (eventNid === GONE) entries.delete(keyNid);
    return entries;
  }

  /** Where the membership at this key began, if it began since the room came into memory. */
  sinceOf(keyNid: number): number | undefined {
    return this.#since?.get(keyNid);
  }

  setSince(keyNid: number, position: number): void {
    this.#since ??= new Map();
    this.#since.set(keyNid, position);
  }
}
