import { rowsAlone } from '../../log/change.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { PartialJoin } from '../elsewhere/partial-join.ts';
import { stayEndedBy } from '../elsewhere/put-out.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { Building } from '../write/building.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import type { Received } from './room-receiver.ts';

/** Behind the checks for which the room need not be asked. */
export interface Holdable {
  readonly event: Event;
  readonly pdu: JsonObject;
}

export interface Held {
  /** One for each, in the order given. */
  readonly results: readonly Received[];
  /** Not all were held before, or are too much. */
  readonly isMore: boolean;
}

/**
 * Keeps events that nobody can judge: of a room whose members are not here yet, or whose states cannot be resolved for now. Alone
 * in the room: it becomes whole before that or behind it. Harmless when repeated.
 */
export function hold(
  building: Building,
  room: HotRoom,
  pdus: readonly Holdable[],
  server: ServerName,
): Promise<Held> {
  const { ports, heldLoads } = building;
  return room.building.alone(async () => {
    if (room.isDropped) throw new RoomChangedMeanwhile();
    if (pdus.length === 0) return { results: [], isMore: false };
    const { store } = ports;
    const { roomId, nid: roomNid } = room;
    const known = await store.heldAmong(
      roomNid,
      pdus.map(({ event }) => event.eventId),
    );
    const texts = new Map(
      pdus
        .filter(({ event }) => !known.has(event.eventId))
        .map(({ event, pdu }) => [event.eventId, JSON.stringify(pdu)]),
    );
    const partial = room.isPartial ? await store.partialJoin(roomId) : undefined;
    const ends = partial && (await endsOfStays(building, room, partial, pdus));
    const sizes = [...texts].map(([eventId, text]) => ({
      ...{ bytes: Buffer.byteLength(text), hasOwnPlace: ends?.has(eventId) },
    }));
    const fit = await heldLoads.take({ roomNid, server, through: partial?.server }, sizes);
    const fitting = [...texts].filter((_, index) => fit[index]);
    await ports.log.commit((position) => {
      const rows = fitting.map(([eventId, json]) =>
        store.rows.heldPdu(roomNid, { nid: position(), eventId, server, json }),
      );
      return { change: rowsAlone(rows), value: undefined };
    });
    // Whoever was asked for the members and did not tell them, since ours is out, is asked once more, and it is believed.
    if (partial && fitting.some(([eventId]) => ends?.has(eventId)))
      building.partialRooms.askFor(roomId, partial.server);
    const held = new Set([...known, ...fitting.map(([eventId]) => eventId)]);
    const results = pdus.map(
      ({ event }): Received => (held.has(event.eventId) ? { kind: 'held', event } : over(event)),
    );
    return { results, isMore: fitting.length > 0 };
  });
}

/** Nobody says these again, and without them who is put out by them stays in the room here. */
async function endsOfStays(
  building: Building,
  room: HotRoom,
  partial: PartialJoin,
  pdus: readonly Holdable[],
): Promise<ReadonlySet<EventId>> {
  const ends = new Set<EventId>();
  for (const { event } of pdus)
    if (await stayEndedBy(building, room, partial, event)) ends.add(event.eventId);
  return ends;
}

const over = ({ eventId }: Event): Received => ({
  ...{ kind: 'refused', eventId },
  reason: 'too much of the room waits to be judged',
});

/** Somebody may tell what it lacks, or there is more time to resolve what it rests on. */
export const mayBeJudgedLater = (received: Received): boolean =>
  received.kind === 'refused' &&
  (received.unresolved !== undefined || received.missing !== undefined);
