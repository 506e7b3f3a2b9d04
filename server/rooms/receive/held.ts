import { rowsAlone } from '../../log/change.ts';
import type { Event } from '../../protocol/event.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
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
  { ports, heldLoads }: Building,
  room: HotRoom,
  pdus: readonly Holdable[],
  server: ServerName,
): Promise<Held> {
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
    const through = room.isPartial ? (await store.partialJoin(roomId))?.server : undefined;
    const sizes = [...texts.values()].map((text) => Buffer.byteLength(text));
    const fit = await heldLoads.take({ roomNid, server, through }, sizes);
    const fitting = [...texts].filter((_, index) => fit[index]);
    await ports.log.commit((position) => {
      const rows = fitting.map(([eventId, json]) =>
        store.rows.heldPdu(roomNid, { nid: position(), eventId, server, json }),
      );
      return { change: rowsAlone(rows), value: undefined };
    });
    const held = new Set([...known, ...fitting.map(([eventId]) => eventId)]);
    const results = pdus.map(
      ({ event }): Received => (held.has(event.eventId) ? { kind: 'held', event } : over(event)),
    );
    return { results, isMore: fitting.length > 0 };
  });
}

const over = ({ eventId }: Event): Received => ({
  ...{ kind: 'refused', eventId },
  reason: 'too much of the room waits to be judged',
});

/** Somebody may tell what it lacks, or there is more time to resolve what it rests on. */
export const mayBeJudgedLater = (received: Received): boolean =>
  received.kind === 'refused' &&
  (received.unresolved !== undefined || received.missing !== undefined);
