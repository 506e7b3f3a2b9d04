import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import { stageOutliers } from '../../storage/rooms/outliers.ts';
import { isRowOf } from '../receive/same-event.ts';
import type { NewEvent } from '../store.ts';
import type { Building } from '../write/building.ts';
import type { Elsewhere } from './other-servers.ts';
import { NotUsable } from './try-servers.ts';

interface StagedRoom {
  readonly roomNid: number;
  readonly rules: RoomVersionRules;
}

const LOOKED_FOR_AT_ONCE = 2_000;
const STAGED_AT_ONCE = 1_000;

/**
 * Puts events beside the log that nobody is told of yet, each once, and answers the numbers of all of them. Where it ends in
 * the middle the next attempt finds those that are there.
 */
export async function stagedEvents(
  { ports }: Building,
  lane: Elsewhere['lane'],
  { roomNid, rules }: StagedRoom,
  events: readonly Event[],
): Promise<ReadonlyMap<EventId, number>> {
  const before = await numbersOf(ports, { roomNid, rules }, events);
  const missing = events.filter(({ eventId }) => !before.has(eventId));
  if (missing.length === 0) return before;
  const first = await ports.log.reserve(missing.length);
  const rows = missing
    .values()
    .map((event, index) => outlier(event, { nid: first + index, roomNid }));
  for (const piece of inPieces(rows, () => lane.pieceBytes)) {
    const bytes = piece.reduce((sum, { json }) => sum + json.length, 0);
    await lane.piece(bytes, (database) => stageOutliers(database, piece));
  }
  const numbers = await numbersOf(ports, { roomNid, rules }, events);
  if (numbers.size < events.length) throw new Error('a staged event is not there');
  return numbers;
}

/** In the first two versions of rooms an event's id says nothing of what it is, or where. */
async function numbersOf(
  { store }: Building['ports'],
  { roomNid, rules }: StagedRoom,
  events: readonly Event[],
): Promise<Map<EventId, number>> {
  const numbers = new Map<EventId, number>();
  for (let from = 0; from < events.length; from += LOOKED_FOR_AT_ONCE) {
    const some = events.slice(from, from + LOOKED_FOR_AT_ONCE);
    const foundOf = await store.numbersOfEvents(some.map(({ eventId }) => eventId));
    for (const found of foundOf) {
      if (found.roomNid !== roomNid)
        throw new NotUsable(`${found.eventId} is an event of another room`);
      numbers.set(found.eventId, found.nid);
    }
    const isThere = some.filter(({ eventId }) => numbers.has(eventId));
    if (rules.eventIdForm === 'given') await refusePosing(store, { roomNid, rules }, isThere);
  }
  return numbers;
}

/** What lies here by the id of another event would stand in its place. */
async function refusePosing(
  store: Building['ports']['store'],
  { roomNid, rules }: StagedRoom,
  events: readonly Event[],
): Promise<void> {
  const stored = await store.eventsById(events.map(({ eventId }) => eventId));
  const known = new Map(stored.map((each) => [each.eventId, each]));
  for (const event of events) {
    const found = known.get(event.eventId)!;
    // Mostly it was staged just now.
    if (found.json === JSON.stringify(event.pdu)) continue;
    if (!isRowOf(found, event, { nid: roomNid, rules }))
      throw new NotUsable(`${event.eventId} is the id of another event here`);
  }
}

export const outlier = (event: Event, at: { nid: number; roomNid: number }): NewEvent => ({
  ...at,
  ...{ eventId: event.eventId, depth: event.depth, originServerTs: event.originServerTs },
  ...{ type: event.type, stateKey: event.stateKey, sender: event.sender },
  ...{ position: undefined, stateBefore: undefined, stateAfter: undefined },
  ...{ replacesNid: undefined, deviceId: undefined, txnId: undefined },
  standing: event.rejected ? 'rejected outlier' : 'outlier',
  json: JSON.stringify(event.pdu),
});

function* inPieces(
  rows: Iterable<NewEvent>,
  bytesMax: () => number,
): Generator<readonly NewEvent[]> {
  let piece: NewEvent[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (piece.length > 0 && (piece.length === STAGED_AT_ONCE || bytes >= bytesMax())) {
      yield piece;
      [piece, bytes] = [[], 0];
    }
    piece.push(row);
    bytes += row.json.length;
  }
  yield piece;
}
