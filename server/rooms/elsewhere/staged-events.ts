import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import { stageOutliers } from '../../storage/rooms/outliers.ts';
import type { NewEvent } from '../store.ts';
import type { Building } from '../write/building.ts';
import type { Elsewhere } from './other-servers.ts';
import { NotUsable } from './try-servers.ts';

const LOOKED_FOR_AT_ONCE = 2_000;
const STAGED_AT_ONCE = 1_000;

/**
 * Puts events beside the log that nobody is told of yet, each once, and answers the numbers of all of them. Where it ends in
 * the middle the next attempt finds those that are there.
 */
export async function stagedEvents(
  { ports }: Building,
  lane: Elsewhere['lane'],
  roomNid: number,
  events: readonly Event[],
): Promise<ReadonlyMap<EventId, number>> {
  const before = await numbersOf(ports, roomNid, events);
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
  const numbers = await numbersOf(ports, roomNid, events);
  if (numbers.size < events.length) throw new Error('a staged event is not there');
  return numbers;
}

/** In the first two versions of rooms an event's id says nothing of what it is, or where. */
async function numbersOf(
  { store }: Building['ports'],
  roomNid: number,
  events: readonly Event[],
): Promise<Map<EventId, number>> {
  const ids = events.map(({ eventId }) => eventId);
  const numbers = new Map<EventId, number>();
  for (let from = 0; from < ids.length; from += LOOKED_FOR_AT_ONCE)
    for (const found of await store.numbersOfEvents(ids.slice(from, from + LOOKED_FOR_AT_ONCE))) {
      if (found.roomNid !== roomNid)
        throw new NotUsable(`${found.eventId} is an event of another room`);
      numbers.set(found.eventId, found.nid);
    }
  return numbers;
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
