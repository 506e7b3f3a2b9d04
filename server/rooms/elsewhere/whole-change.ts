import type { Change, PlacedRecord, Row } from '../../log/change.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { memberRows } from '../membership/member-rows.ts';
import { membershipOf } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { membersOf } from '../memory/members-of-server.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { RoomPorts } from '../ports.ts';
import { nextState, type StateChain, wholeState } from '../state/state-chain.ts';
import type { StateHash } from '../state/state-hash.ts';
import { roomKey } from '../write/room-change.ts';
import type { EntryEvent } from './entry.ts';
import { isMemberOf } from './laid-entries.ts';

export interface Restated {
  /** Those that lack members, in order: each differs from the one before by what our users did. */
  readonly lacking: readonly {
    readonly nid: number;
    readonly entries: ReadonlyMap<number, number>;
  }[];
  /** By key. Below what our users made of it. */
  readonly members: ReadonlyMap<number, number>;
  /** The first of them with all members, and its hash. */
  readonly first: ReadonlyMap<number, number> | undefined;
  readonly hash: StateHash;
  /** Where the last one lacks nobody. */
  readonly stays: StateChain | undefined;
}

interface Making {
  readonly room: HotRoom;
  readonly members: readonly EntryEvent[];
  readonly position: () => number;
  readonly keys: Pick<StateKeys, 'byNid'>;
  readonly tools: Pick<RoomPorts, 'store' | 'identity'>;
}

/** The rows by which a room becomes whole, behind the members that were laid down. */
export class WholeChange {
  readonly #making: Making;
  readonly #rows: Row[] = [];
  readonly #records: PlacedRecord[] = [];

  constructor(making: Making) {
    this.#making = making;
  }

  of(restated: Restated): Change {
    const { room, position, tools } = this.#making;
    const { nid: roomNid, roomId } = room;
    const wholeAt = position();
    this.#records.push({ position: wholeAt, record: { kind: 'room-entered', roomId } });
    const stateNid = this.#restate(restated);
    this.#tellOurs();
    const { rows } = tools.store;
    const head = {
      ...{ roomNid, stateNid },
      forwardExtremities: room.head.extremities.map(({ nid }) => nid),
      lastPosition: this.#records.at(-1)!.position,
    };
    return {
      rows: [...this.#rows, rows.roomHead(head), rows.roomWhole(roomNid, wholeAt)],
      records: this.#records,
      touches: [roomKey(roomId)],
    };
  }

  /** Each state once more with all members, and the events that stand there with it. Answers the number of the newest. */
  #restate({ lacking, members, first, hash, stays }: Restated): number {
    const { room, position, tools } = this.#making;
    const { nid: roomNid } = room;
    let before: Restated['lacking'][number] | undefined;
    let chain: StateChain | undefined;
    for (const state of lacking) {
      const { entries } = state;
      const made =
        before && chain
          ? nextState(
              chain,
              position(),
              changed(before.entries, entries, members),
              () => new Map([...members, ...entries]),
            )
          : wholeState(position(), hash, first!);
      this.#rows.push(
        tools.store.rows.state({ ...made.row, roomNid }),
        ...tools.store.rows.restated({ roomNid, from: state.nid, to: made.row.nid }),
      );
      [before, chain] = [state, made.chain];
    }
    return stays?.nid ?? chain?.nid ?? room.head.stateNid;
  }

  /** Who is of this server: what the room says of them, and that whoever is in it is in all of it from here on. */
  #tellOurs(): void {
    const { room, keys, members, tools } = this.#making;
    const { serverName } = tools.identity;
    for (const { event, keyNid, nid } of members) {
      if (!isMemberOf(event, serverName) || room.state.has(keyNid)) continue;
      const membership = membershipOf(event.content.membership) ?? 'leave';
      const entry = { roomNid: room.nid, keyNid, eventNid: nid, membership };
      this.#rows.push(tools.store.rows.currentState(entry));
      this.#member(event.stateKey as UserId, { membership, eventNid: nid });
    }
    for (const { userId, keyNid } of membersOf(room, keys, serverName, ['join']))
      this.#member(userId, { membership: 'join', eventNid: room.state.get(keyNid)! });
  }

  #member(
    userId: UserId,
    { membership, eventNid }: { membership: string; eventNid: number },
  ): void {
    const { room, position, tools } = this.#making;
    const { nid: roomNid, roomId } = room;
    const at = position();
    const type = 'm.room.member';
    const record = { kind: 'state', roomId, type, stateKey: userId, eventNid } as const;
    this.#records.push({ position: at, record });
    const of = { userId, roomNid, membership, position: at, since: at };
    this.#rows.push(...memberRows(tools.store.rows, { ...of, forgotten: false, eventNid }));
  }
}

/** What differs between two states that both have the members below them. */
function changed(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
  members: ReadonlyMap<number, number>,
) {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((keyNid) => {
    const from = before.get(keyNid) ?? members.get(keyNid);
    const to = after.get(keyNid) ?? members.get(keyNid);
    return from === to ? [] : [{ keyNid, from, to }];
  });
}
