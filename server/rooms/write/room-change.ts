import type { Change, PlacedRecord, Row } from '../../log/change.ts';
import type { OutcomeRow } from '../../log/outcomes.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import type { EventId, UserId } from '../../protocol/identifiers.ts';
import { redactedEvent } from '../../protocol/parse-event.ts';
import { isBundled } from '../../protocol/relations/bundled.ts';
import { clientMembers, replacedMembers } from '../client-members.ts';
import { type Membership, membershipOf } from '../membership/membership.ts';
import type { HotRoom, PendingEvent, PendingStateChange } from '../memory/hot-room.ts';
import type { RecentRelation } from '../memory/recent-relations.ts';
import { extremityOf } from '../memory/room-head.ts';
import { stateEventOf } from '../memory/state-event.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import { storedRelationOf } from '../relations/stored-relation.ts';
import { type RoomEvent, storedOriginOf } from '../room-event.ts';
import { type KeyChange, nextState, type StateChain } from '../state/state-chain.ts';
import { changeHash } from '../state/state-hash.ts';
import type { EventStanding, NewEvent, RoomRows, StoredRelation } from '../store.ts';
import type { Building } from './building.ts';
import type { CurrentChange, CurrentMove, NamedChange, Placing, PlacingApart } from './placing.ts';
import { type EarlyRedaction, redactedOnArrival } from './redacted-on-arrival.ts';

export interface ChangeTools {
  readonly keys: StateKeys;
  readonly rows: RoomRows;
  readonly position: () => number;
  /** Whoever leaves a room, or is made to, has forgotten it at once. */
  readonly forgetOnLeave: boolean;
}

export const toolsOf = (
  { ports, keys }: Pick<Building, 'ports' | 'keys'>,
  position: () => number,
): ChangeTools => ({
  ...{ keys, position, rows: ports.store.rows },
  forgetOnLeave: ports.forgetOnLeave ?? false,
});

export interface Attached {
  /** The state event that this one replaces. */
  readonly replaced?: StateEvent | undefined;
  readonly origin?: RoomEvent['origin'];
  /** The event that this one redacts, as it will be seen. */
  readonly redacted?: RoomEvent | undefined;
  /** How that one related to another, which its redaction takes away. */
  readonly unrelated?: StoredRelation | undefined;
  /** What it redacts, and is not here yet. */
  readonly awaits?: EventId | undefined;
  /** What redacts it, and was here before. */
  readonly early?: EarlyRedaction | undefined;
}

interface StatesAround {
  readonly stateBefore: number;
  readonly stateAfter: number;
  readonly replacesNid: number | undefined;
  /** How these states are stored, where they are not those of the head. */
  readonly chains?: readonly StateChain[];
}

interface EventNumbers extends Pick<NewEvent, 'nid' | 'position' | 'standing'> {
  readonly stateBefore?: number | undefined;
  readonly stateAfter?: number | undefined;
  readonly replacesNid?: number | undefined;
  readonly origin?: RoomEvent['origin'];
}

export const roomKey = (roomId: string): string => `room:${roomId}`;

/**
 * Gathers the rows and records of events that are built one upon the other, and moves the room's
 * head along. Nothing in here fails for what a client wished: that was judged before.
 */
export class RoomChange {
  readonly #room: HotRoom;
  readonly #tools: ChangeTools;
  readonly #rows: Row[] = [];
  readonly #records: PlacedRecord[] = [];
  readonly #newKeys: number[] = [];
  #lastPosition = 0;
  #isApart = false;

  constructor(room: HotRoom, tools: ChangeTools) {
    this.#room = room;
    this.#tools = tools;
  }

  append(event: Event, attached: Attached = {}): PendingEvent {
    // A number and a position come from one counter; an event of this server needs but one draw.
    const position = this.#place({ kind: 'event', roomId: event.roomId, eventId: event.eventId });
    const nid = position;
    const stateBefore = this.#room.head.stateNid;
    const stateChanges =
      event.stateKey === undefined ? [] : [this.#changeState(event, nid, attached.replaced)];
    const around = {
      ...{ stateBefore, stateAfter: this.#room.head.stateNid },
      replacesNid: stateChanges[0]?.replacedNid,
    };
    return this.#setOut(event, { nid, position }, attached, around, stateChanges);
  }

  /** An event that does not stand at the head: behind it the room is in the state that its ends together have. */
  join(event: Event, attached: Attached, placing: Placing): PendingEvent {
    const { roomId } = this.#room;
    const position = this.#place({ kind: 'event', roomId, eventId: event.eventId });
    const nid = placing.storedNid ?? position;
    const around = this.#statesAround(event, nid, placing);
    const stateChanges = this.#moveHead(nid, placing.head, around);
    return this.#setOut(
      event,
      { nid, position },
      attached,
      around,
      stateChanges,
      placing.storedNid,
    );
  }

  /** What was before all that is here: it is shown to whoever pages back to it, and changes nothing in the room. */
  keepEarlier(event: Event, attached: Attached, placing: PlacingApart): void {
    const nid = this.keepApart(event, 'backfilled', placing);
    this.#relate(attached.early ? redactedEvent(event, this.#room.rules) : event, nid);
    this.#redact(attached, nid);
    this.#meetEarly(attached, { eventId: event.eventId, nid });
  }

  /** An event that is in no timeline, and that changes nothing in the room. Its number. */
  keepApart(event: Event, standing: EventStanding, placing?: PlacingApart): number {
    const nid = placing?.storedNid ?? this.#tools.position();
    const around = placing && this.#statesAround(event, nid, placing);
    const row = { nid, position: undefined, standing, ...around };
    // A state that another server tells is made of numbers, too.
    if (standing === 'outlier' && event.stateKey !== undefined)
      this.#intern(event.type, event.stateKey);
    this.#rows.push(
      placing?.storedNid === undefined || around === undefined
        ? this.#eventRow(event, row)
        : this.#tools.rows.placedEvent({ ...row, ...around }),
    );
    this.#isApart = true;
    return nid;
  }

  #setOut(
    event: Event,
    numbers: { nid: number; position: number },
    attached: Attached,
    around: StatesAround,
    stateChanges: readonly PendingStateChange[],
    storedNid?: number,
  ): PendingEvent {
    const { nid, position } = numbers;
    const { early } = attached;
    const whole = this.#roomEvent(event, numbers, attached, around);
    const { rules } = this.#room;
    const roomEvent = early
      ? redactedOnArrival(whole, { event, redaction: early.event }, rules)
      : whole;
    this.#rows.push(
      storedNid === undefined
        ? this.#eventRow(event, { ...roomEvent, standing: undefined })
        : this.#tools.rows.placedEvent({ nid, position, ...around }),
    );
    const parsed = early ? redactedEvent(event, rules) : event;
    const related = this.#relate(parsed, nid);
    this.#redact(attached, nid);
    this.#meetEarly(attached, { eventId: event.eventId, nid });
    this.#room.head.grow(event, extremityOf(event, nid, rules));
    const pending = {
      ...{ room: this.#room, event: roomEvent, parsed },
      ...{ stateChanges, stateNid: this.#room.head.stateNid },
      ...{ redacted: attached.redacted, related },
    };
    this.#room.setOut(pending);
    const own = stateChanges.find(({ eventNid }) => eventNid === nid);
    if (own) this.#keep(parsed, nid);
    if (own && !own.member) this.#room.stateWeight.built(roomEvent);
    return pending;
  }

  /** The room came into the published directory, or goes out of it. */
  listed(): void {
    const record = { kind: 'directory', roomId: this.#room.roomId } as const;
    this.#records.push({ position: this.#tools.position(), record });
  }

  finish(more: { rows?: readonly Row[]; outcome?: OutcomeRow | undefined }): Change {
    const { head, nid, roomId } = this.#room;
    const headRow = this.#tools.rows.roomHead({
      roomNid: nid,
      forwardExtremities: head.extremities.map((each) => each.nid),
      stateNid: head.stateNid,
      lastPosition: this.#lastPosition,
    });
    return {
      rows: [...this.#rows, ...(this.#isApart ? [] : [headRow]), ...(more.rows ?? [])],
      records: this.#records,
      outcome: more.outcome,
      touches: [roomKey(roomId)],
    };
  }

  /** Committed or refused, or never handed to the log: the keys that came with it need it no more. */
  letGo(): void {
    for (const keyNid of this.#newKeys.splice(0)) this.#tools.keys.letGo(keyNid);
  }

  #place(record: PlacedRecord['record']): number {
    const position = this.#tools.position();
    this.#records.push({ position, record });
    this.#lastPosition = position;
    return position;
  }

  #keep(event: Event, nid: number) {
    this.#room.parsed.set(nid, stateEventOf(event, this.#room));
  }

  #relate(event: Event, nid: number): RecentRelation | undefined {
    const { nid: roomNid } = this.#room;
    const relation = storedRelationOf(event, { roomNid, depth: event.depth, nid });
    if (relation === undefined) return undefined;
    this.#rows.push(...this.#tools.rows.relation(relation));
    return isBundled(relation) ? relation : undefined;
  }

  /** Of a redaction and what it redacts the one that comes later finds the other. */
  #meetEarly({ awaits, early }: Attached, { eventId, nid }: { eventId: EventId; nid: number }) {
    const { rows } = this.#tools;
    const { nid: roomNid } = this.#room;
    if (awaits)
      this.#rows.push(rows.awaitedRedaction({ roomNid, targetId: awaits, eventNid: nid }));
    if (!early) return;
    this.#rows.push(
      rows.redaction({ targetNid: nid, eventNid: early.nid }),
      rows.noAwaitedRedaction({ roomNid, targetId: eventId }),
    );
  }

  #redact({ redacted, unrelated }: Attached, eventNid: number): void {
    if (redacted === undefined) return;
    this.#rows.push(this.#tools.rows.redaction({ targetNid: redacted.nid, eventNid }));
    if (unrelated) this.#rows.push(this.#tools.rows.noRelation(unrelated));
  }

  #changeState(
    event: Event,
    eventNid: number,
    replaced: StateEvent | undefined,
  ): PendingStateChange {
    const { rows } = this.#tools;
    const { head, nid: roomNid, roomId } = this.#room;
    const stateKey = event.stateKey ?? '';
    const keyNid = this.#intern(event.type, stateKey);
    const replacedNid = head.stateEventNid(keyNid);
    head.setState(keyNid, eventNid);
    this.#rows.push(this.#stateRow({ keyNid, from: replacedNid, to: eventNid }));
    const { type } = event;
    const position = this.#place({ kind: 'state', roomId, type, stateKey, eventNid });
    const change = { roomNid, position, keyNid, eventNid, replacedNid };
    this.#rows.push(rows.stateChange(change));
    const member =
      event.type === 'm.room.member'
        ? this.#changeMember(change, {
            userId: stateKey as UserId,
            membership: membershipOf(event.content.membership),
            before: membershipOf(replaced?.content.membership),
          })
        : undefined;
    const membership = member?.membership;
    this.#rows.push(rows.currentState({ roomNid, keyNid, eventNid, membership }));
    return { position, keyNid, eventNid, replacedNid, member };
  }

  #statesAround(event: Event, nid: number, placing: PlacingApart): StatesAround {
    const { before, replaced } = placing;
    const numbered = this.#numbered(before.changes);
    const entries = () => {
      const state = new Map(before.base);
      for (const { keyNid, to } of numbered)
        if (to === undefined) state.delete(keyNid);
        else state.set(keyNid, to);
      return state;
    };
    const chain = this.#stateOf(before.chain, numbered, entries);
    const around = { stateBefore: chain.nid, stateAfter: chain.nid, replacesNid: replaced?.nid };
    if (event.stateKey === undefined || event.rejected) return { ...around, chains: [chain] };
    const keyNid = this.#intern(event.type, event.stateKey);
    const change = { keyNid, from: replaced?.nid, to: nid };
    const after = placing.after ?? this.#stateOf(chain, [change], () => entries().set(keyNid, nid));
    return { ...around, stateAfter: after.nid, chains: [chain, after] };
  }

  #numbered(changes: readonly NamedChange[]): KeyChange[] {
    return changes.map(({ type, stateKey, from, to }) => ({
      ...{ keyNid: this.#intern(type, stateKey), from, to },
    }));
  }

  /** As it is stored, by a row of its own unless nothing is changed. */
  #stateOf(chain: StateChain, changes: readonly KeyChange[], entries: () => Map<number, number>) {
    if (changes.length === 0) return chain;
    const next = nextState(chain, this.#tools.position(), changes, entries);
    this.#rows.push(this.#tools.rows.state({ ...next.row, roomNid: this.#room.nid }));
    return next.chain;
  }

  /** By which events others are replaced in the current state; nothing else is on its way there. */
  #moveHead(
    nid: number,
    { changes, stored }: CurrentMove,
    { chains = [] }: StatesAround,
  ): PendingStateChange[] {
    const { head } = this.#room;
    if (!head.chain) throw new Error('the state chain was not loaded');
    const pending = changes.map((change) => this.#changeCurrent(change, nid));
    const numbered = pending.map(({ keyNid, replacedNid: from, eventNid: to }) => ({
      ...{ keyNid, from, to },
    }));
    const hash = numbered.reduce(changeHash, head.chain.hash);
    head.chain =
      [...chains, stored].find((each) => each?.hash === hash) ??
      this.#stateOf(head.chain, numbered, () => head.entries());
    head.stateNid = head.chain.nid;
    return pending;
  }

  #changeCurrent(
    { type, stateKey, to, membership, membershipBefore }: CurrentChange,
    placedNid: number,
  ): PendingStateChange {
    const { rows } = this.#tools;
    const eventNid = to === 'placed' ? placedNid : to;
    const { head, nid: roomNid, roomId } = this.#room;
    const keyNid = this.#intern(type, stateKey);
    const replacedNid = head.stateEventNid(keyNid);
    head.setState(keyNid, eventNid);
    const named = eventNid ?? null;
    const position = this.#place({ kind: 'state', roomId, type, stateKey, eventNid: named });
    this.#rows.push(
      rows.stateChange({ roomNid, position, keyNid, eventNid, replacedNid }),
      eventNid === undefined
        ? rows.noCurrentState({ roomNid, keyNid })
        : rows.currentState({ roomNid, keyNid, eventNid, membership }),
    );
    const change = { position, keyNid, eventNid: eventNid ?? placedNid };
    const who = { userId: stateKey as UserId, membership, before: membershipBefore };
    const member = type === 'm.room.member' ? this.#changeMember(change, who) : undefined;
    return { position, keyNid, eventNid, replacedNid, member };
  }

  #intern(type: string, stateKey: string): number {
    const { keys, rows, position } = this.#tools;
    const { key, isCommitted } = keys.intern({ type, stateKey }, position);
    if (!isCommitted) {
      this.#rows.push(rows.stateKey(key));
      this.#newKeys.push(key.keyNid);
    }
    return key.keyNid;
  }

  #stateRow(change: { keyNid: number; from: number | undefined; to: number }): Row {
    const { head, nid: roomNid } = this.#room;
    if (!head.chain) throw new Error('the state chain was not loaded');
    const stateNid = this.#tools.position();
    const next = nextState(head.chain, stateNid, [change], () => head.entries());
    head.chain = next.chain;
    head.stateNid = next.row.nid;
    return this.#tools.rows.state({ ...next.row, roomNid });
  }

  #changeMember(
    { position, keyNid, eventNid }: { position: number; keyNid: number; eventNid: number },
    who: { userId: UserId; membership: Membership | undefined; before: Membership | undefined },
  ) {
    const { head, nid: roomNid } = this.#room;
    // The auth rules let no other value pass.
    const { userId, membership = 'leave', before } = who;
    if (before !== membership) head.setSince(keyNid, position);
    const since = head.sinceOf(keyNid);
    const entry = { userId, roomNid, membership, position };
    const isGone = membership === 'leave' || membership === 'ban';
    const forgotten = isGone && this.#tools.forgetOnLeave;
    this.#rows.push(
      this.#tools.rows.membership({ ...entry, since, forgotten }),
      this.#tools.rows.membershipHistory({ ...entry, eventNid }),
    );
    return { userId, membership, since, forgotten };
  }

  #roomEvent(
    event: Event,
    numbers: { nid: number; position: number },
    attached: Attached,
    { stateBefore, stateAfter, replacesNid }: StatesAround,
  ): RoomEvent {
    const { replaced, origin } = attached;
    return {
      roomId: event.roomId,
      eventId: event.eventId,
      ...numbers,
      depth: event.depth,
      type: event.type,
      sender: event.sender,
      stateKey: event.stateKey,
      originServerTs: event.originServerTs,
      content: event.content,
      origin,
      ...{ stateBefore, stateAfter, replacesNid },
      members: clientMembers(event.eventId, event.pdu),
      unsigned: replaced ? this.#replacedMembers(replaced, replacesNid) : '',
    };
  }

  /** What was read of it may be from before its redaction, which may be on its way itself. */
  #replacedMembers({ eventId, content }: StateEvent, nid: number | undefined): string {
    const redacted = nid === undefined ? undefined : this.#room.redactedOf(nid);
    return replacedMembers({ eventId, content: redacted?.content ?? content });
  }

  #eventRow(event: Event, row: EventNumbers): Row {
    const { nid, position, stateBefore, stateAfter, replacesNid, standing, origin } = row;
    return this.#tools.rows.event({
      nid,
      roomNid: this.#room.nid,
      eventId: event.eventId,
      depth: event.depth,
      position,
      originServerTs: event.originServerTs,
      ...{ stateBefore, stateAfter, replacesNid, standing },
      type: event.type,
      stateKey: event.stateKey,
      sender: event.sender,
      ...storedOriginOf(origin),
      json: JSON.stringify(event.pdu),
    });
  }
}
