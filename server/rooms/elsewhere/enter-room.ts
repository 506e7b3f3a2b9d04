import { setImmediate as turn } from 'node:timers/promises';
import { stateKeyOf } from '../../protocol/event.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { Origin } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { wholeState } from '../state/state-chain.ts';
import { changeHash, EMPTY_STATE_HASH, type StateHash } from '../state/state-hash.ts';
import { storedAlike } from '../state/stored-alike.ts';
import { changeOutside } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import type { Entry, Partly } from './entry.ts';
import { EntryChange } from './entry-change.ts';
import { laidEntries, takeLaidAway } from './laid-entries.ts';
import { numberedKeys } from './numbered-keys.ts';
import type { Elsewhere } from './other-servers.ts';
import type { ReceivedState } from './received-state.ts';
import { roomNumber } from './room-number.ts';
import { stagedEvents } from './staged-events.ts';
import { NotUsable } from './try-servers.ts';

interface Entering {
  readonly roomId: RoomId;
  readonly lane: Elsewhere['lane'];
  /** Where its members come later. */
  readonly partial?: Partly | undefined;
}

/**
 * The room becomes what another server says that it is, with our own event at its head: by one change, behind all that was
 * staged and laid down for it. Until then nobody is told of it; a room that is there, since somebody was in it or is invited, stays as it was.
 */
export async function enterRoom(
  building: Building,
  { roomId, lane, partial }: Entering,
  received: ReceivedState,
  origin: Origin<EventId>,
): Promise<EventId> {
  const { state, others, event, rules } = received;
  const roomNid = await building.passages.alone(roomId, () =>
    roomNumber(building, roomId, rules.version),
  );
  const keys = await numberedKeys(building, [...state, event]);
  const nids = await stagedEvents(building, lane, roomNid, [...others, ...state]);
  const named = state.map((each) => ({
    ...{ event: each, nid: nids.get(each.eventId)! },
    keyNid: keys.get(stateKeyOf(each.type, each.stateKey!))!,
  }));
  const keyNid = keys.get(stateKeyOf(event.type, event.stateKey!))!;
  const entry = { roomId, roomNid, version: rules.version, state: named, event, keyNid, partial };
  const hash = await hashOf(named);
  return building.passages.alone(roomId, async () => {
    const here = await building.rooms.get(roomId);
    // Invites that came meanwhile would be lost beneath a part of the state.
    if (here && partial) throw new NotUsable('something of the room came here meanwhile');
    if (here?.isPartial) await takeLaidAway(building, lane, here);
    const laid = here ? NOTHING : await laidEntries(building, lane, entry);
    return changeOutside(building.rooms, roomId, (room) =>
      committed(building, room, { ...entry, laid, hash }, origin),
    );
  });
}

const NOTHING: ReadonlyMap<number, number> = new Map();
const HASHED_AT_ONCE = 1_000;

/** Of all that stands before our event. */
async function hashOf(state: Entry['state']): Promise<StateHash> {
  let hash = EMPTY_STATE_HASH;
  for (const [index, { keyNid, nid }] of state.entries()) {
    if (index % HASHED_AT_ONCE === HASHED_AT_ONCE - 1) await turn();
    hash = changeHash(hash, { keyNid, from: undefined, to: nid });
  }
  return hash;
}

async function committed(
  { ports, keys }: Building,
  room: HotRoom | undefined,
  entry: Entry & { readonly hash: StateHash },
  origin: Origin<EventId>,
): Promise<EventId> {
  const before = await storedAlike(ports.store, entry.roomNid, entry, []);
  const entries = new Map(entry.state.map(({ keyNid, nid }) => [keyNid, nid] as const));
  return ports.log.commit((position) => {
    const change = new EntryChange({ entry, room, position, keys, tools: ports });
    const stood = before ?? change.newState(wholeState(position(), entry.hash, entries));
    change.place(stood, entries);
    const rows = origin.rows?.(entry.event.eventId) ?? [];
    const outcome = origin.outcome?.(entry.event.eventId);
    return { change: change.finish({ rows, outcome }), value: entry.event.eventId };
  });
}
