import type { Row } from '../../log/change.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { memberRows } from '../membership/member-rows.ts';
import { type Membership, membershipOf } from '../membership/membership.ts';
import type { HotRoom, PendingStateChange } from '../memory/hot-room.ts';
import { type KeyChange, nextState, type StateChain } from '../state/state-chain.ts';
import { changeHash } from '../state/state-hash.ts';
import type { ChangeRows, ChangeTools } from './change-rows.ts';
import type { CurrentChange, CurrentMove, NamedChange, PlacingApart } from './placing.ts';

export interface StatesAround {
  readonly stateBefore: number;
  readonly stateAfter: number;
  readonly replacesNid: number | undefined;
  /** How these states are stored, where they are not those of the head. */
  readonly chains?: readonly StateChain[];
}

/** What a change does to the room's state: the head is moved along, and each state is stored upon another. */
export class StateChanges {
  readonly #room: HotRoom;
  readonly #tools: ChangeTools;
  readonly #gathered: ChangeRows;

  constructor(room: HotRoom, tools: ChangeTools, gathered: ChangeRows) {
    this.#room = room;
    this.#tools = tools;
    this.#gathered = gathered;
  }

  /** By an event that stands at the head. */
  change(event: Event, eventNid: number, replaced: StateEvent | undefined): PendingStateChange {
    const { rows } = this.#tools;
    const { head, nid: roomNid, roomId } = this.#room;
    const stateKey = event.stateKey ?? '';
    const keyNid = this.#gathered.intern(event.type, stateKey);
    const replacedNid = head.stateEventNid(keyNid);
    head.setState(keyNid, eventNid);
    this.#gathered.rows.push(this.#stateRow({ keyNid, from: replacedNid, to: eventNid }));
    const { type } = event;
    const position = this.#gathered.place({ kind: 'state', roomId, type, stateKey, eventNid });
    const change = { roomNid, position, keyNid, eventNid, replacedNid };
    this.#gathered.rows.push(rows.stateChange(change));
    const member =
      event.type === 'm.room.member'
        ? this.#changeMember(change, {
            userId: stateKey as UserId,
            membership: membershipOf(event.content.membership),
            before: membershipOf(replaced?.content.membership),
          })
        : undefined;
    const membership = member?.membership;
    this.#gathered.rows.push(rows.currentState({ roomNid, keyNid, eventNid, membership }));
    return { position, keyNid, eventNid, replacedNid, member };
  }

  /** The states around an event that does not stand at the head. */
  around(event: Event, nid: number, placing: PlacingApart): StatesAround {
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
    const keyNid = this.#gathered.intern(event.type, event.stateKey);
    const change = { keyNid, from: replaced?.nid, to: nid };
    const after = placing.after ?? this.#stateOf(chain, [change], () => entries().set(keyNid, nid));
    return { ...around, stateAfter: after.nid, chains: [chain, after] };
  }

  /** By which events others are replaced in the current state; nothing else is on its way there. */
  moveHead(
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

  #numbered(changes: readonly NamedChange[]): KeyChange[] {
    return changes.map(({ type, stateKey, from, to }) => ({
      ...{ keyNid: this.#gathered.intern(type, stateKey), from, to },
    }));
  }

  /** As it is stored, by a row of its own unless nothing is changed. */
  #stateOf(chain: StateChain, changes: readonly KeyChange[], entries: () => Map<number, number>) {
    if (changes.length === 0) return chain;
    const next = nextState(chain, this.#tools.position(), changes, entries);
    this.#gathered.rows.push(this.#tools.rows.state({ ...next.row, roomNid: this.#room.nid }));
    return next.chain;
  }

  #changeCurrent(
    { type, stateKey, to, membership, membershipBefore }: CurrentChange,
    placedNid: number,
  ): PendingStateChange {
    const { rows } = this.#tools;
    const eventNid = to === 'placed' ? placedNid : to;
    const { head, nid: roomNid, roomId } = this.#room;
    const keyNid = this.#gathered.intern(type, stateKey);
    const replacedNid = head.stateEventNid(keyNid);
    head.setState(keyNid, eventNid);
    const named = eventNid ?? null;
    const record = { kind: 'state', roomId, type, stateKey, eventNid: named } as const;
    const position = this.#gathered.place(record);
    this.#gathered.rows.push(
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
    const member = { ...entry, since, forgotten, eventNid };
    this.#gathered.rows.push(...memberRows(this.#tools.rows, member));
    return { userId, membership, since, forgotten };
  }
}
