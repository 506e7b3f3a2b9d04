import { rowsAlone } from '../../log/change.ts';
import { type ServerName, serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import type { Row } from '../../storage/write.ts';
import { memberRows } from '../membership/member-rows.ts';
import { membershipOf } from '../membership/membership.ts';
import type { Building } from '../write/building.ts';
import type { Entry } from './entry.ts';
import type { Elsewhere } from './other-servers.ts';

type EntryEvent = Entry['state'][number];

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
  const { keys, ports } = building;
  const { roomNid, state } = entry;
  const found = await ports.store.currentEntries(roomNid);
  const laid = new Map(found.map(({ keyNid, eventNid }) => [keyNid, eventNid]));
  const put = async (rowsOf: (position: number) => Row[]) =>
    lane.piece(AT_ONCE * ENTRY_BYTES, () =>
      ports.log.commit((position) => ({
        change: rowsAlone(rowsOf(position())),
        value: undefined,
      })),
    );
  const stays = new Set(state.map(({ keyNid }) => keyNid));
  for (const piece of inPieces([...laid.keys()].filter((keyNid) => !stays.has(keyNid)))) {
    await keys.learnNids(piece);
    const gone = piece.map((keyNid) => ({ keyNid, nid: laid.get(keyNid)! }));
    await put((position) => gone.flatMap((each) => rowsOfGone(building, roomNid, each, position)));
    for (const keyNid of piece) laid.delete(keyNid);
  }
  const { serverName } = ports.identity;
  const missing = state.filter(
    (each) => laid.get(each.keyNid) !== each.nid && each.keyNid !== entry.keyNid,
  );
  for (const piece of inPieces(missing.filter((each) => !isOf(each, serverName)))) {
    await put((position) => piece.flatMap((each) => rowsOf(building, roomNid, each, position)));
    for (const { keyNid, nid } of piece) laid.set(keyNid, nid);
  }
  return laid;
}

const isOf = ({ event: { type, stateKey = '' } }: EntryEvent, server: ServerName): boolean =>
  isMember(type, stateKey) && serverNameOf(stateKey as UserId) === server;

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
