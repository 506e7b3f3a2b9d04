import { Lru } from '../../log/lru.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { Membership } from '../membership/membership.ts';
import type { RoomEvent } from '../room-event.ts';
import type { StateChain } from '../state/state-chain.ts';
import type { StateChange } from '../store.ts';
import { InOrder } from './in-order.ts';
import { type FoundMember, Members } from './members.ts';
import { ParsedState } from './parsed-state.ts';
import { type RecentRelation, RecentRelations } from './recent-relations.ts';
import { type Extremity, RoomHead } from './room-head.ts';
import { StateWeight } from './state-weight.ts';
import { TimelineRing } from './timeline-ring.ts';

/** An event that is built and on its way to the database. */
export interface PendingEvent {
  readonly room: HotRoom;
  readonly event: RoomEvent;
  readonly parsed: Event;
  /** Nearly always one at most, the event's own: where branches meet, others may take their place. */
  readonly stateChanges: readonly PendingStateChange[];
  /** Number of the room's state behind it. */
  readonly stateNid: number;
  /** The event that it redacts, as readers see that one from now on. */
  readonly redacted: RoomEvent | undefined;
  /** To which it relates, if that is shown along with the other one. */
  readonly related: RecentRelation | undefined;
}

export interface PendingStateChange {
  readonly position: number;
  readonly keyNid: number;
  /** Undefined where the key is gone from the state. */
  readonly eventNid: number | undefined;
  readonly replacedNid: number | undefined;
  readonly member:
    | { userId: UserId; membership: Membership; since: number | undefined; forgotten: boolean }
    | undefined;
}

const RING = { eventsMax: 32, bytesMax: 128 * 1_024 };
const STATE_CHANGES_MAX = 64;
const REDACTED_MAX = 100;
const THIN_EVENTS = 1;
const NOTHING_PENDING: ReadonlyMap<number, PendingEvent> = new Map();

/** Of heap, measured (test/bench/rooms): a room without anything, an entry of state, a change of it. */
const ROOM_BYTES = 1_100;
const ENTRY_BYTES = 100;
const CHANGE_BYTES = 100;

/**
 * A room in memory (D12). Its state is two numbers an entry; contents are loaded as they are asked
 * for. What is committed and what is on its way are kept apart: readers see the former only.
 */
export class HotRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  readonly rules: RoomVersionRules;
  readonly state: Map<number, number>;
  readonly members = new Members();
  /** See `hasOwnMember`. */
  ownMember: FoundMember | undefined;
  /** See `hasStranger`. */
  stranger: FoundMember | undefined;
  readonly timeline: TimelineRing;
  readonly stateWeight = new StateWeight();
  readonly relations: RecentRelations;
  lastPosition: number;
  /** Those behind `stateChangesAfter`, in order. */
  readonly stateChanges: StateChange[] = [];
  stateChangesAfter: number;
  /** Number of the committed state. */
  stateNid: number;

  readonly head: RoomHead;
  /** By nid. Nearly always there is nothing, and an empty map weighs as much as a small event. */
  #pending: Map<number, PendingEvent> | undefined;
  /** State events that the auth rules asked for, by nid. */
  readonly parsed = new ParsedState();
  /** Those whose redaction was committed lately, as readers see them: a read of before may still come in. */
  #redacted: Lru<number, RoomEvent> | undefined;
  /** Whose event is built next. */
  readonly building = new InOrder();
  /** Resolves when all that is on its way now has been committed or refused. */
  settled: Promise<unknown> = Promise.resolve();
  /** It holds a refused change, or was put out of memory: no change may be built on it. */
  isDropped = false;
  /** False while the room's creation is on its way. */
  isCommitted: boolean;
  /** It was joined without its members, and they are not here yet (`elsewhere/becoming-whole.ts`). */
  readonly isPartial: boolean;
  /** Where in the log they came; 0 where they came along. */
  readonly wholeAt: number;

  constructor(room: {
    nid: number;
    roomId: RoomId;
    rules: RoomVersionRules;
    state: Map<number, number>;
    extremities: readonly Extremity[];
    stateNid: number;
    chain?: StateChain;
    lastPosition: number;
    isCommitted: boolean;
    isPartial?: boolean;
    wholeAt?: number;
  }) {
    this.nid = room.nid;
    this.roomId = room.roomId;
    this.rules = room.rules;
    this.state = room.state;
    this.head = new RoomHead(room.state, room);
    this.stateNid = room.stateNid;
    this.lastPosition = room.lastPosition;
    this.stateChangesAfter = room.lastPosition;
    this.timeline = new TimelineRing(room.lastPosition, RING);
    this.relations = new RecentRelations(room.lastPosition);
    this.isCommitted = room.isCommitted;
    this.isPartial = room.isPartial ?? false;
    this.wholeAt = room.wholeAt ?? 0;
  }

  /** Of heap, by estimate. */
  get bytes(): number {
    return (
      ROOM_BYTES +
      ENTRY_BYTES * this.state.size +
      CHANGE_BYTES * this.stateChanges.length +
      this.timeline.bytes +
      this.relations.bytes +
      this.parsed.bytes
    );
  }

  /** What readers seldom ask for goes; what it takes to say something here, and to hear of it, stays. */
  thin(): void {
    this.timeline.keepNewest(THIN_EVENTS);
    this.stateChanges.splice(0);
    this.stateChangesAfter = this.lastPosition;
  }

  get pending(): ReadonlyMap<number, PendingEvent> {
    return this.#pending ?? NOTHING_PENDING;
  }

  setOut(pending: PendingEvent): void {
    this.#pending ??= new Map();
    this.#pending.set(pending.event.nid, pending);
  }

  /** The first in order, nearly always. */
  pendingAt(position: number): PendingEvent | undefined {
    for (const each of this.pending.values()) if (each.event.position === position) return each;
    return undefined;
  }

  pendingById(eventId: EventId): PendingEvent | undefined {
    for (const each of this.pending.values()) if (each.event.eventId === eventId) return each;
    return undefined;
  }

  /** The event as its committed redaction left it, if that was lately. */
  redactedLately(nid: number): RoomEvent | undefined {
    return this.#redacted?.get(nid);
  }

  /** The same, or as a redaction leaves it that is still on its way. */
  redactedOf(nid: number): RoomEvent | undefined {
    for (const { redacted } of this.pending.values()) if (redacted?.nid === nid) return redacted;
    return this.redactedLately(nid);
  }

  /** The event's batch is committed: from here on readers see it. */
  apply(pending: PendingEvent): void {
    const { event, stateChanges, redacted, related } = pending;
    this.#pending?.delete(event.nid);
    if (this.#pending?.size === 0) this.#pending = undefined;
    this.isCommitted = true;
    this.timeline.push(event);
    if (related) this.relations.add(related);
    const lastPosition = stateChanges.at(-1)?.position ?? event.position;
    this.lastPosition = Math.max(this.lastPosition, lastPosition);
    this.stateNid = pending.stateNid;
    for (const change of stateChanges) this.#applyState(change);
    if (stateChanges.some((change) => change.eventNid === event.nid && !change.member))
      this.stateWeight.committed(event);
    if (redacted) this.#applyRedaction(redacted);
  }

  /**
   * Puts older changes before those that are there: all of the room's in (after, upTo]. Only what
   * leaves the keys in the state is kept, since those are held in memory.
   */
  fillStateChanges(older: readonly StateChange[], range: { after: number; upTo: number }): void {
    if (range.upTo < this.stateChangesAfter || range.after >= this.stateChangesAfter) return;
    const missing = older.filter(({ position }) => position <= this.stateChangesAfter);
    if (missing.length + this.stateChanges.length > STATE_CHANGES_MAX) return;
    if (missing.some(({ keyNid }) => !this.state.has(keyNid))) return;
    this.stateChanges.unshift(...missing);
    this.stateChangesAfter = range.after;
  }

  #applyRedaction(redacted: RoomEvent): void {
    this.timeline.redact(redacted);
    this.parsed.delete(redacted.nid);
    this.#redacted ??= new Lru(REDACTED_MAX);
    this.#redacted.set(redacted.nid, redacted);
  }

  #applyState(change: PendingStateChange): void {
    const { position, keyNid, eventNid, replacedNid = null, member } = change;
    this.head.settle(keyNid, eventNid);
    if (eventNid === undefined) {
      this.#removeState(keyNid, position);
      return;
    }
    this.state.set(keyNid, eventNid);
    if (member) this.members.set(keyNid, member.membership);
    this.stateChanges.push({ position, keyNid, eventNid, replacedNid });
    if (this.stateChanges.length <= 2 * STATE_CHANGES_MAX) return;
    const dropped = this.stateChanges.splice(0, STATE_CHANGES_MAX);
    this.stateChangesAfter = dropped.at(-1)!.position;
  }

  /** Its key is held in memory no longer, and a change that names it could not be told. */
  #removeState(keyNid: number, position: number): void {
    this.state.delete(keyNid);
    this.members.set(keyNid, undefined);
    this.stateChanges.splice(0);
    this.stateChangesAfter = position;
  }
}
