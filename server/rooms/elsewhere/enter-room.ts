import { stateKeyOf } from '../../protocol/event.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import { committedWith, type Origin } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { wholeState } from '../state/state-chain.ts';
import { hashOfState, type StateHash } from '../state/state-hash.ts';
import { storedAlike } from '../state/stored-alike.ts';
import { changeOutside } from '../write/attempt.ts';
import type { Building } from '../write/building.ts';
import { type Entry, entryEvents, type Partly } from './entry.ts';
import { EntryChange } from './entry-change.ts';
import { laidEntries, takeLaidAway } from './laid-entries.ts';
import { numberedKeys } from './numbered-keys.ts';
import type { Elsewhere } from './other-servers.ts';
import type { ReceivedState } from './received-state.ts';
import { roomNumber } from './room-number.ts';
import { stagedEvents } from './staged-events.ts';
import { NotUsable } from './try-servers.ts';

/** Nothing is wrong with what the server told: with its members the room can be entered all the same. */
export class CameMeanwhile extends NotUsable {}

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
  const nids = await stagedEvents(building, lane, { roomNid, rules }, [...others, ...state]);
  const named = entryEvents(state, { keys, nids });
  const keyNid = keys.get(stateKeyOf(event.type, event.stateKey!))!;
  const entry = { roomId, roomNid, version: rules.version, state: named, event, keyNid, partial };
  const entries = new Map(named.map(({ keyNid, nid }) => [keyNid, nid] as const));
  const hash = await hashOfState(entries);
  return building.passages.alone(roomId, async () => {
    const here = await building.rooms.get(roomId);
    // Invites that came meanwhile would be lost beneath a part of the state.
    if (here && partial) throw new CameMeanwhile('something of the room came here meanwhile');
    if (here?.isPartial) await takeLaidAway(building, lane, here);
    const laid = here ? NOTHING : await laidEntries(building, lane, entry);
    return changeOutside(building.rooms, roomId, (room) =>
      committed(building, room, { ...entry, laid, entries, hash }, origin),
    );
  });
}

const NOTHING: ReadonlyMap<number, number> = new Map();

/** All that stands before our event. */
interface Before {
  readonly entries: ReadonlyMap<number, number>;
  readonly hash: StateHash;
}

async function committed(
  { ports, keys }: Building,
  room: HotRoom | undefined,
  { entries, hash, ...entry }: Entry & Before,
  origin: Origin<EventId>,
): Promise<EventId> {
  const before = await storedAlike(ports.store, entry.roomNid, { hash }, []);
  return ports.log.commit((position) => {
    const change = new EntryChange({ entry, room, position, keys, tools: ports });
    const stood = before ?? change.newState(wholeState(position(), hash, entries));
    change.place(stood, entries);
    const { eventId } = entry.event;
    return { change: change.finish(committedWith(origin, eventId)), value: eventId };
  });
}
