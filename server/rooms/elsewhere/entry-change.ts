import type { Change, PlacedRecord, Row } from '../../log/change.ts';
import type { OutcomeRow } from '../../log/outcomes.ts';
import { serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import { memberRows } from '../membership/member-rows.ts';
import { membershipOf } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { RoomPorts } from '../ports.ts';
import { type NewState, nextState, type StateChain } from '../state/state-chain.ts';
import { roomKey } from '../write/room-change.ts';
import type { Entry, EntryEvent } from './entry.ts';
import { outlier } from './staged-events.ts';

interface Making {
  readonly entry: Entry;
  /** As it was, where it was here. */
  readonly room: HotRoom | undefined;
  readonly position: () => number;
  readonly keys: Pick<StateKeys, 'byNid'>;
  readonly tools: Pick<RoomPorts, 'store' | 'identity'>;
}

/**
 * The rows by which a room is entered. Of all that differs from what was here before only our event is a change that readers
 * are told of: nobody of this server was in the room. But who left it looks at it as it was then, by `state_change`.
 */
export class EntryChange {
  readonly #making: Making;
  readonly #rows: Row[] = [];
  readonly #records: PlacedRecord[] = [];
  /** Of the memberships of all others. */
  readonly #entered: number;

  constructor(making: Making) {
    this.#making = making;
    this.#entered = making.position();
    const { roomId } = making.entry;
    this.#records.push({ position: this.#entered, record: { kind: 'room-entered', roomId } });
  }

  newState({ chain, row }: { chain: StateChain; row: NewState }): StateChain {
    const { entry, tools } = this.#making;
    this.#rows.push(tools.store.rows.state({ ...row, roomNid: entry.roomNid }));
    return chain;
  }

  /** Our event upon the state that stood before it. */
  place(before: StateChain, entries: ReadonlyMap<number, number>): void {
    const { entry, room, position } = this.#making;
    this.#goneFrom(room, entries);
    for (const each of entry.state) if (each.keyNid !== entry.keyNid) this.#stands(each);
    const { event, keyNid, roomId, roomNid } = entry;
    const nid = position();
    const replacesNid = entries.get(keyNid);
    const after = this.newState(
      nextState(before, position(), [{ keyNid, from: replacesNid, to: nid }], () =>
        new Map(entries).set(keyNid, nid),
      ),
    );
    this.#records.push({
      position: nid,
      record: { kind: 'event', roomId, eventId: event.eventId },
    });
    const { rows } = this.#making.tools.store;
    const around = { stateBefore: before.nid, stateAfter: after.nid, replacesNid };
    const placed = { ...outlier(event, { nid, roomNid }), ...around, position: nid };
    this.#rows.push(rows.event({ ...placed, standing: undefined }));
    const lastPosition = this.#changed({ event, keyNid, nid }, room?.state.get(keyNid));
    this.#member({ event, keyNid, nid }, lastPosition);
    const head = { roomNid, forwardExtremities: [nid], stateNid: after.nid, lastPosition };
    this.#rows.push(rows.roomHead(head));
    const { partial } = entry;
    if (partial) this.#rows.push(rows.partialJoin({ ...partial, roomNid, eventNid: nid }));
    // It was left before it was whole.
    else if (room?.isPartial) this.#rows.push(rows.roomWhole(roomNid, this.#entered));
  }

  finish({ rows, outcome }: { rows: readonly Row[]; outcome: OutcomeRow | undefined }): Change {
    const { entry, tools } = this.#making;
    const version = tools.store.rows.roomVersion(entry.roomNid, entry.version);
    const told = tools.store.rows.nothingToldOutside(entry.roomNid);
    return {
      rows: [...this.#rows, version, told, ...rows],
      records: this.#records,
      outcome,
      touches: [roomKey(entry.roomId)],
    };
  }

  /** Of what was here before. */
  #goneFrom(room: HotRoom | undefined, entries: ReadonlyMap<number, number>): void {
    const { entry, tools, position } = this.#making;
    const { roomNid } = entry;
    for (const [keyNid, replacedNid] of room?.state ?? []) {
      if (keyNid === entry.keyNid || entries.has(keyNid)) continue;
      const change = { roomNid, position: position(), keyNid, eventNid: undefined, replacedNid };
      this.#rows.push(
        tools.store.rows.noCurrentState({ roomNid, keyNid }),
        tools.store.rows.stateChange(change),
      );
      this.#leaves(keyNid, replacedNid);
    }
  }

  /** Who was invited, or knocked, and of whom the room knows nothing any more. */
  #leaves(keyNid: number, eventNid: number): void {
    const { entry, keys, room, tools, position } = this.#making;
    if (room?.members.get(keyNid) === undefined) return;
    const { roomId, roomNid } = entry;
    const { type, stateKey } = keys.byNid(keyNid);
    const at = position();
    this.#records.push({
      position: at,
      record: { kind: 'state', roomId, type, stateKey, eventNid: null },
    });
    const of = { userId: stateKey as UserId, roomNid, membership: 'leave', position: at };
    const left = { ...of, since: at, forgotten: true, eventNid };
    this.#rows.push(...memberRows(tools.store.rows, left));
  }

  #stands({ event, keyNid, nid }: EntryEvent): void {
    const { room, entry, tools, position } = this.#making;
    const before = room?.state.get(keyNid);
    if ((before ?? entry.laid.get(keyNid)) === nid) return;
    const { roomNid } = entry;
    const isMember = event.type === 'm.room.member';
    const membership = isMember ? (membershipOf(event.content.membership) ?? 'leave') : undefined;
    this.#rows.push(tools.store.rows.currentState({ roomNid, keyNid, eventNid: nid, membership }));
    if (room) {
      const change = { roomNid, position: position(), keyNid, eventNid: nid, replacedNid: before };
      this.#rows.push(tools.store.rows.stateChange(change));
    }
    if (!isMember || !event.stateKey?.startsWith('@')) return;
    const isOurs = serverNameOf(event.stateKey as UserId) === tools.identity.serverName;
    this.#member({ event, keyNid, nid }, isOurs ? this.#told(event, nid) : this.#entered);
  }

  /** Our event's own change of the current state. */
  #changed({ event, keyNid, nid }: EntryEvent, replacedNid: number | undefined): number {
    const { entry, tools } = this.#making;
    const { roomNid } = entry;
    const at = this.#told(event, nid);
    const membership = membershipOf(event.content.membership);
    this.#rows.push(
      tools.store.rows.currentState({ roomNid, keyNid, eventNid: nid, membership }),
      tools.store.rows.stateChange({ roomNid, position: at, keyNid, eventNid: nid, replacedNid }),
    );
    return at;
  }

  #told({ type, stateKey = '' }: EntryEvent['event'], eventNid: number): number {
    const { entry, position } = this.#making;
    const at = position();
    const record = { kind: 'state', roomId: entry.roomId, type, stateKey, eventNid } as const;
    this.#records.push({ position: at, record });
    return at;
  }

  #member({ event, keyNid, nid }: EntryEvent, position: number): void {
    const { entry, room, tools } = this.#making;
    const membership = membershipOf(event.content.membership) ?? 'leave';
    const isAsBefore = room?.members.get(keyNid) === membership;
    const userId = event.stateKey as UserId;
    const of = { userId, roomNid: entry.roomNid, membership, position };
    const since = isAsBefore ? undefined : position;
    const member = { ...of, since, forgotten: false, eventNid: nid };
    this.#rows.push(...memberRows(tools.store.rows, member));
  }
}
