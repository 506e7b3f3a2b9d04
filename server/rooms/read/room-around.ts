import { type AtEvent, historyVisibilityOf } from '../../protocol/history-visibility.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import { membershipOf } from '../membership/membership.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { StateKeys } from '../memory/state-keys.ts';
import type { RoomEvent } from '../room-event.ts';
import { EMPTY_STATE_NID } from '../state/state-chain.ts';
import type { RoomReads } from './room-reads.ts';
import { stepsBack } from './steps-back.ts';

/** By the number of the state; undefined is that of outliers. */
export type RoomAround = ReadonlyMap<number | undefined, AtEvent>;

/** Of a state: the numbers of the events that say what may be seen, and what the user is in the room. */
interface Found {
  readonly visibility: number | undefined;
  readonly member: number | undefined;
}

type Look = (state: { get(keyNid: number): number | undefined }) => Found;

/** The room in the states before and after these events, read for all of them together. */
export async function roomAround(
  room: HotRoom,
  reads: RoomReads,
  userId: UserId,
  events: readonly RoomEvent[],
): Promise<RoomAround> {
  const wanted = new Set(
    events.flatMap(({ stateBefore, stateAfter }) => [stateBefore, stateAfter]),
  );
  wanted.delete(undefined);
  const look: Look = (state) => ({
    visibility: state.get(keyOf(reads.keys, 'm.room.history_visibility', '')),
    member: state.get(keyOf(reads.keys, 'm.room.member', userId)),
  });
  const found = foundInMemory(room, reads.keys, wanted as Set<number>, look);
  const missing = [...(wanted as Set<number>)].filter((stateNid) => !found.has(stateNid));
  const states = await Promise.all(missing.map((stateNid) => reads.storedState(stateNid)));
  for (const [index, state] of states.entries()) found.set(missing[index]!, look(state));
  return asThere(room, reads, found);
}

const NO_KEY = -1;

const keyOf = (keys: StateKeys, type: string, stateKey: string): number =>
  keys.find(type, stateKey)?.keyNid ?? NO_KEY;

/** No wait in here: the room must not move on before it is looked at. */
function foundInMemory(
  room: HotRoom,
  keys: StateKeys,
  wanted: ReadonlySet<number>,
  look: Look,
): Map<number, Found> {
  const found = new Map([[EMPTY_STATE_NID, NOTHING]]);
  const isWhole = () => [...wanted].every((stateNid) => found.has(stateNid));
  if (wanted.has(room.stateNid)) found.set(room.stateNid, look(room.state));
  const undone = new Map<number, number | undefined>();
  const state = {
    get: (keyNid: number) => (undone.has(keyNid) ? undone.get(keyNid) : room.state.get(keyNid)),
  };
  for (const { event, keyNid } of isWhole() ? [] : stepsBack(room, keys)) {
    if (keyNid === undefined) continue;
    undone.set(keyNid, event.replacesNid);
    if (wanted.has(event.stateBefore!)) found.set(event.stateBefore!, look(state));
    if (isWhole()) break;
  }
  return found;
}

const NOTHING: Found = { visibility: undefined, member: undefined };

async function asThere(
  room: HotRoom,
  reads: RoomReads,
  found: ReadonlyMap<number, Found>,
): Promise<RoomAround> {
  const nids = [...found.values()].flatMap(({ visibility, member }) => [visibility, member]);
  const known = nids.filter((nid) => nid !== undefined);
  const events = await reads.load(room, [...new Set(known)]);
  const contents = new Map(events.map(({ nid, content }) => [nid, content]));
  const around = new Map<number | undefined, AtEvent>([[undefined, UNKNOWN]]);
  for (const [stateNid, { visibility, member }] of found)
    around.set(stateNid, {
      visibility: historyVisibilityOf(contents.get(visibility!)?.history_visibility),
      membership: membershipOf(contents.get(member!)?.membership),
    });
  return around;
}

const UNKNOWN: AtEvent = { visibility: 'joined', membership: undefined };
