import type { Change, Row } from '../../log/change.ts';
import type { OutcomeRow } from '../../log/outcomes.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import { redactedEvent } from '../../protocol/parse-event.ts';
import { isBundled } from '../../protocol/relations/bundled.ts';
import type { HotRoom, PendingEvent, PendingStateChange } from '../memory/hot-room.ts';
import type { RecentRelation } from '../memory/recent-relations.ts';
import { extremityOf } from '../memory/room-head.ts';
import { stateEventOf } from '../memory/state-event.ts';
import { storedRelationOf } from '../relations/stored-relation.ts';
import type { RoomEvent } from '../room-event.ts';
import type { EventStanding, StoredRelation } from '../store.ts';
import type { Building } from './building.ts';
import { ChangeRows, type ChangeTools } from './change-rows.ts';
import { type EventNumbers, eventRow, roomEventOf } from './event-rows.ts';
import type { Placing, PlacingApart } from './placing.ts';
import { type EarlyRedaction, redactedOnArrival } from './redacted-on-arrival.ts';
import { StateChanges, type StatesAround } from './state-changes.ts';

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
  /** It follows something that is not here. */
  readonly isAfterGap?: boolean | undefined;
}

export const roomKey = (roomId: string): string => `room:${roomId}`;

/**
 * Gathers the rows and records of events that are built one upon the other, and moves the room's
 * head along. Nothing in here fails for what a client wished: that was judged before.
 */
export class RoomChange {
  readonly #room: HotRoom;
  readonly #tools: ChangeTools;
  readonly #gathered: ChangeRows;
  readonly #state: StateChanges;
  #isApart = false;

  constructor(room: HotRoom, tools: ChangeTools) {
    this.#room = room;
    this.#tools = tools;
    this.#gathered = new ChangeRows(tools);
    this.#state = new StateChanges(room, tools, this.#gathered);
  }

  /** `storedNid`: where it lies if it is stored as an outlier. */
  append(event: Event, attached: Attached = {}, storedNid?: number): PendingEvent {
    const { roomId, eventId } = event;
    // A number and a position come from one counter; an event of this server needs but one draw.
    const position = this.#gathered.place({ kind: 'event', roomId, eventId });
    const nid = storedNid ?? position;
    const stateBefore = this.#room.head.stateNid;
    const stateChanges =
      event.stateKey === undefined ? [] : [this.#state.change(event, nid, attached.replaced)];
    const around = {
      ...{ stateBefore, stateAfter: this.#room.head.stateNid },
      replacesNid: stateChanges[0]?.replacedNid,
    };
    return this.#setOut(event, { nid, position }, attached, around, stateChanges, storedNid);
  }

  /** An event that does not stand at the head: behind it the room is in the state that its ends together have. */
  join(event: Event, attached: Attached, placing: Placing): PendingEvent {
    const { roomId } = this.#room;
    const position = this.#gathered.place({ kind: 'event', roomId, eventId: event.eventId });
    const nid = placing.storedNid ?? position;
    const around = this.#state.around(event, nid, placing);
    const stateChanges = this.#state.moveHead(nid, placing.head, around);
    const { storedNid } = placing;
    return this.#setOut(event, { nid, position }, attached, around, stateChanges, storedNid);
  }

  /** What was before all that is here: it is shown to whoever pages back to it, and changes nothing in the room. */
  keepEarlier(event: Event, attached: Attached, placing: PlacingApart): void {
    const nid = this.keepApart(event, 'backfilled', placing);
    this.#relate(attached.early ? redactedEvent(event, this.#room.rules) : event, nid);
    this.#redact(attached, nid);
    this.#meetEarly(attached, { eventId: event.eventId, nid });
  }

  /** What was kept as earlier history comes into the timeline: readers are told of it, and the room is as it was. */
  enterLate(
    { roomId, eventId }: Event,
    placed: {
      nid: number;
      stateBefore: number;
      stateAfter: number;
      replacesNid: number | undefined;
    },
  ): void {
    const position = this.#gathered.place({ kind: 'event', roomId, eventId });
    this.#gathered.rows.push(this.#tools.rows.placedEvent({ ...placed, position }));
  }

  /** An event that is in no timeline, and that changes nothing in the room. Its number. */
  keepApart(event: Event, standing: EventStanding, placing?: PlacingApart): number {
    const nid = placing?.storedNid ?? this.#tools.position();
    const around = placing && this.#state.around(event, nid, placing);
    const row = { nid, position: undefined, standing, ...around };
    // A state that another server tells is made of numbers, too.
    if (standing === 'outlier' && event.stateKey !== undefined)
      this.#gathered.intern(event.type, event.stateKey);
    this.#gathered.rows.push(
      placing?.storedNid === undefined || around === undefined
        ? this.#eventRow(event, row)
        : this.#tools.rows.placedEvent({ ...row, ...around }),
    );
    this.#isApart = true;
    return nid;
  }

  /** The room came into the published directory, or goes out of it. */
  listed(): void {
    const record = { kind: 'directory', roomId: this.#room.roomId } as const;
    this.#gathered.records.push({ position: this.#tools.position(), record });
  }

  finish(more: { rows?: readonly Row[]; outcome?: OutcomeRow | undefined }): Change {
    const { head, nid, roomId } = this.#room;
    const { rows, records, lastPosition } = this.#gathered;
    const headRow = this.#tools.rows.roomHead({
      roomNid: nid,
      forwardExtremities: head.extremities.map((each) => each.nid),
      stateNid: head.stateNid,
      lastPosition,
    });
    return {
      rows: [...rows, ...(this.#isApart ? [] : [headRow]), ...(more.rows ?? [])],
      records,
      outcome: more.outcome,
      touches: [roomKey(roomId)],
    };
  }

  /** Committed or refused, or never handed to the log: the keys that came with it need it no more. */
  letGo(): void {
    this.#gathered.letGo();
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
    const { early, origin, replaced, isAfterGap } = attached;
    const { rules, nid: roomNid } = this.#room;
    const at = { room: this.#room, numbers, around, origin, replaced, isAfterGap };
    const whole = roomEventOf(event, at);
    if (isAfterGap) this.#gathered.rows.push(this.#tools.rows.timelineGap(roomNid, nid));
    const roomEvent = early
      ? redactedOnArrival(whole, { event, redaction: early.event }, rules)
      : whole;
    this.#gathered.rows.push(
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
    if (own) this.#room.parsed.set(nid, stateEventOf(parsed, this.#room));
    if (own && !own.member) this.#room.stateWeight.built(roomEvent);
    return pending;
  }

  #eventRow(event: Event, numbers: EventNumbers): Row {
    return eventRow(this.#tools.rows, this.#room.nid, event, numbers);
  }

  #relate(event: Event, nid: number): RecentRelation | undefined {
    const { nid: roomNid } = this.#room;
    const relation = storedRelationOf(event, { roomNid, depth: event.depth, nid });
    if (relation === undefined) return undefined;
    this.#gathered.rows.push(...this.#tools.rows.relation(relation));
    return isBundled(relation) ? relation : undefined;
  }

  /** Of a redaction and what it redacts the one that comes later finds the other. */
  #meetEarly({ awaits, early }: Attached, { eventId, nid }: { eventId: EventId; nid: number }) {
    const { rows } = this.#tools;
    const { nid: roomNid } = this.#room;
    if (awaits)
      this.#gathered.rows.push(rows.awaitedRedaction({ roomNid, targetId: awaits, eventNid: nid }));
    if (!early) return;
    this.#gathered.rows.push(
      rows.redaction({ targetNid: nid, eventNid: early.nid }),
      rows.noAwaitedRedaction({ roomNid, targetId: eventId }),
    );
  }

  #redact({ redacted, unrelated }: Attached, eventNid: number): void {
    if (redacted === undefined) return;
    this.#gathered.rows.push(this.#tools.rows.redaction({ targetNid: redacted.nid, eventNid }));
    if (unrelated) this.#gathered.rows.push(this.#tools.rows.noRelation(unrelated));
  }
}
