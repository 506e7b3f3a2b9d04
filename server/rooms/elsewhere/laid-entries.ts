import { rowsAlone } from '../../log/change.ts';
import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { Row } from '../../storage/write.ts';
import { memberRows } from '../membership/member-rows.ts';
import { membershipOf } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';
import type { Entry, EntryEvent } from './entry.ts';
import type { Elsewhere } from './other-servers.ts';

/** Three rows for each member. */
const AT_ONCE = 500;
const ENTRY_BYTES = 400;

/**
 * Lays down the current state of a room that is not here yet, piece by piece ahead of the change by which it is entered: that
 * of a large room would hold everybody's commits up for seconds. Nobody finds these rows while the room has no head. What an
 * attempt before has left is not laid twice, and what is in the state no more is taken away. Whoever is of this server is
 * left for the change itself, since they are told of it. Answers what lies there then: which event at which key.
 */
export async function laidEntries(
  building: Building,
  lane: Elsewhere['lane'],
  entry: Omit<Entry, 'laid'>,
): Promise<ReadonlyMap<number, number>> {
  const { serverName } = building.ports.identity;
  const { roomNid, state } = entry;
  const laid = await entriesThere(building, roomNid);
  const stays = new Set(state.map(({ keyNid }) => keyNid));
  const gone = [...laid].filter(([keyNid]) => !stays.has(keyNid));
  await takeAway(building, lane, roomNid, gone);
  for (const [keyNid] of gone) laid.delete(keyNid);
  const missing = state.filter(
    (each) =>
      laid.get(each.keyNid) !== each.nid &&
      each.keyNid !== entry.keyNid &&
      !isMemberOf(each.event, serverName),
  );
  await layDown(building, lane, roomNid, missing);
  for (const { keyNid, nid } of missing) laid.set(keyNid, nid);
  return laid;
}

/** The same of members of other servers, in a room that is here without them. What our users have made of the room stays. */
export async function layMembers(
  building: Building,
  lane: Elsewhere['lane'],
  { room, members }: { room: HotRoom; members: readonly EntryEvent[] },
): Promise<void> {
  const { serverName } = building.ports.identity;
  const laid = await laidBehind(building, room);
  const stays = new Set(members.map(({ keyNid }) => keyNid));
  await takeAway(
    building,
    lane,
    room.nid,
    [...laid].filter(([keyNid]) => !stays.has(keyNid)),
  );
  const missing = members.filter(
    ({ event, keyNid, nid }) =>
      laid.get(keyNid) !== nid && !room.state.has(keyNid) && !isMemberOf(event, serverName),
  );
  await layDown(building, lane, room.nid, missing);
}

/** What was laid down for a room that was left before it was whole. */
export async function takeLaidAway(
  building: Building,
  lane: Elsewhere['lane'],
  room: HotRoom,
): Promise<void> {
  await takeAway(building, lane, room.nid, [...(await laidBehind(building, room))]);
}

/** Members of other servers that lie in the current state of a room whose head does not know of them. */
async function laidBehind(building: Building, room: HotRoom): Promise<Map<number, number>> {
  const { keys, ports } = building;
  const laid = await entriesThere(building, room.nid);
  for (const keyNid of room.state.keys()) laid.delete(keyNid);
  for (const piece of inPieces([...laid.keys()])) {
    await keys.learnNids(piece);
    for (const keyNid of piece) {
      const { type, stateKey } = keys.byNid(keyNid);
      if (!isMember(type, stateKey) || isMemberOf({ type, stateKey }, ports.identity.serverName))
        laid.delete(keyNid);
    }
  }
  return laid;
}

async function entriesThere({ ports }: Building, roomNid: number): Promise<Map<number, number>> {
  const found = await ports.store.currentEntries(roomNid);
  return new Map(found.map(({ keyNid, eventNid }) => [keyNid, eventNid]));
}

async function layDown(
  building: Building,
  lane: Elsewhere['lane'],
  roomNid: number,
  entries: readonly EntryEvent[],
): Promise<void> {
  for (const piece of inPieces(entries))
    await put(building, lane, (position) =>
      piece.flatMap((each) => rowsOf(building, roomNid, each, position)),
    );
}

async function takeAway(
  building: Building,
  lane: Elsewhere['lane'],
  roomNid: number,
  entries: readonly (readonly [keyNid: number, nid: number])[],
): Promise<void> {
  for (const piece of inPieces(entries)) {
    await building.keys.learnNids(piece.map(([keyNid]) => keyNid));
    await put(building, lane, (position) =>
      piece.flatMap(([keyNid, nid]) => rowsOfGone(building, roomNid, { keyNid, nid }, position)),
    );
  }
}

const put = (
  { ports }: Building,
  lane: Elsewhere['lane'],
  rowsOf: (position: number) => Row[],
): Promise<void> =>
  lane.piece(AT_ONCE * ENTRY_BYTES, () =>
    ports.log.commit((position) => ({
      change: rowsAlone(rowsOf(position())),
      value: undefined,
    })),
  );

/** A membership of somebody of that server. */
export const isMemberOf = (
  { type, stateKey = '' }: { readonly type: string; readonly stateKey?: string | undefined },
  server: ServerName,
): boolean => isMember(type, stateKey) && serverNameOf(stateKey as UserId) === server;

const isMember = (type: string, stateKey: string): boolean =>
  type === 'm.room.member' && stateKey.startsWith('@');

function rowsOf(
  { ports: { store } }: Building,
  roomNid: number,
  { event, keyNid, nid }: EntryEvent,
  position: number,
): Row[] {
  const { type, stateKey = '', content } = event;
  const told = membershipOf(content.membership) ?? 'leave';
  const membership = type === 'm.room.member' ? told : undefined;
  const entry = store.rows.currentState({ roomNid, keyNid, eventNid: nid, membership });
  if (!isMember(type, stateKey)) return [entry];
  const of = { userId: stateKey as UserId, roomNid, membership: told, position };
  const since = position;
  return [entry, ...memberRows(store.rows, { ...of, since, forgotten: false, eventNid: nid })];
}

function rowsOfGone(
  { ports: { store }, keys }: Building,
  roomNid: number,
  { keyNid, nid }: { keyNid: number; nid: number },
  position: number,
): Row[] {
  const { type, stateKey } = keys.byNid(keyNid);
  const entry = store.rows.noCurrentState({ roomNid, keyNid });
  if (!isMember(type, stateKey)) return [entry];
  const of = { userId: stateKey as UserId, roomNid, membership: 'leave', position };
  const since = position;
  return [entry, ...memberRows(store.rows, { ...of, since, forgotten: true, eventNid: nid })];
}

function* inPieces<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += AT_ONCE) yield all.slice(from, from + AT_ONCE);
}
