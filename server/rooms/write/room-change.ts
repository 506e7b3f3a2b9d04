import type { Change, PlacedRecord, Row } from '../../log/change.ts';
import type { OutcomeRow } from '../../log/outcomes.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { isBundled } from '../../protocol/relations/bundled.ts';
import { clientMembers, replacedMembers } from '../client-members.ts';
import { membershipOf } from '../membership/membership.ts';
import type { HotRoom, PendingEvent, PendingStateChange } from '../memory/hot-room.ts';
import type { RecentRelation } from '../memory/recent-relations.ts';
import { extremityOf } from '../memory/room-head.ts';
import { stateEventOf } from '../memory/state-event.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import { storedRelationOf } from '../relations/stored-relation.ts';
import { type RoomEvent, storedOriginOf } from '../room-event.ts';
import { nextState } from '../state/state-chain.ts';
import type { RoomRows, StoredRelation } from '../store.ts';
import type { Building } from './building.ts';

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

  constructor(room: HotRoom, tools: ChangeTools) {
    this.#room = room;
    this.#tools = tools;
  }

  append(event: Event, attached: Attached = {}): PendingEvent {
    // A number and a position come from one counter; an event of this server needs but one draw.
    const position = this.#place({ kind: 'event', roomId: event.roomId, eventId: event.eventId });
    const nid = position;
    const stateBefore = this.#room.head.stateNid;
    const stateChange =
      event.stateKey === undefined ? undefined : this.#changeState(event, nid, attached.replaced);
    const roomEvent = this.#roomEvent(event, { nid, position }, attached, {
      stateBefore,
      replacesNid: stateChange?.replacedNid,
    });
    const json = JSON.stringify(event.pdu);
    this.#rows.push(this.#eventRow(event, roomEvent, json));
    const related = this.#relate(event, nid);
    this.#redact(attached, nid);
    this.#room.head.grow(event, extremityOf(event, nid, this.#room.rules));
    const redacted = attached.redacted;
    const at = { room: this.#room, event: roomEvent, parsed: event };
    const pending = { ...at, stateChange, redacted, related };
    this.#room.setOut(pending);
    if (stateChange) this.#keep(event, nid);
    if (stateChange && !stateChange.member) this.#room.stateWeight.built(roomEvent);
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
      rows: [...this.#rows, headRow, ...(more.rows ?? [])],
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
      event.type === 'm.room.member' ? this.#changeMember(event, change, replaced) : undefined;
    const membership = member?.membership;
    this.#rows.push(rows.currentState({ roomNid, keyNid, eventNid, membership }));
    return { position, keyNid, replacedNid, member };
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
    const next = nextState(head.chain, stateNid, change, () => head.entries());
    head.chain = next.chain;
    head.stateNid = next.row.nid;
    return this.#tools.rows.state({ ...next.row, roomNid });
  }

  #changeMember(
    event: Event,
    change: { position: number; keyNid: number; eventNid: number },
    replaced: StateEvent | undefined,
  ) {
    const { head, nid: roomNid } = this.#room;
    const { position, keyNid, eventNid } = change;
    const userId = event.stateKey as UserId;
    // The auth rules let no other value pass.
    const membership = membershipOf(event.content.membership) ?? 'leave';
    if (replaced?.content.membership !== membership) head.setSince(keyNid, position);
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
    state: { stateBefore: number; replacesNid: number | undefined },
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
      stateAfter: this.#room.head.stateNid,
      ...state,
      members: clientMembers(event.eventId, event.pdu),
      unsigned: replaced ? this.#replacedMembers(replaced, state.replacesNid) : '',
    };
  }

  /** What was read of it may be from before its redaction, which may be on its way itself. */
  #replacedMembers({ eventId, content }: StateEvent, nid: number | undefined): string {
    const redacted = nid === undefined ? undefined : this.#room.redactedOf(nid);
    return replacedMembers({ eventId, content: redacted?.content ?? content });
  }

  #eventRow(event: Event, roomEvent: RoomEvent, json: string): Row {
    const { nid, position, stateBefore, stateAfter, replacesNid, origin } = roomEvent;
    return this.#tools.rows.event({
      nid,
      roomNid: this.#room.nid,
      eventId: event.eventId,
      depth: event.depth,
      position,
      originServerTs: event.originServerTs,
      stateBefore: stateBefore ?? 0,
      stateAfter: stateAfter ?? 0,
      replacesNid,
      type: event.type,
      stateKey: event.stateKey,
      sender: event.sender,
      ...storedOriginOf(origin),
      json,
    });
  }
}
