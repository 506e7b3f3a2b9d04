import { rowsAlone } from '../../log/change.ts';
import { commitRows } from '../../log/commit-rows.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { pduIn } from '../read/stored-event.ts';
import type { RoomStore } from '../store.ts';
import type { Building } from '../write/building.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import type { Received, RoomReceiver } from './room-receiver.ts';

/** As many as a transaction may have. */
const TAKEN_AT_ONCE = 50;
/** So often what cannot be judged is tried again. */
export const TRIES_MAX = 6;

/** Behind the checks for which the room need not be asked. */
export interface Holdable {
  readonly event: Event;
  readonly pdu: JsonObject;
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
): Promise<readonly Received[]> {
  return room.building.alone(async () => {
    if (room.isDropped) throw new RoomChangedMeanwhile();
    if (pdus.length === 0) return [];
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
    return pdus.map(({ event }) =>
      held.has(event.eventId) ? { kind: 'held', event } : over(event),
    );
  });
}

const over = ({ eventId }: Event): Received => ({
  ...{ kind: 'refused', eventId },
  reason: 'too much of the room waits to be judged',
});

type Held = Awaited<ReturnType<RoomStore['heldPdus']>>[number];

/**
 * Takes in what was held, in the order in which it came. What still cannot be judged is held on, so often as `tries` counts:
 * its server was told that it is here. False where something is left.
 */
export async function takeHeld(
  building: Building,
  receiver: Pick<RoomReceiver, 'receive'>,
  roomId: RoomId,
  tries: Map<EventId, number>,
): Promise<boolean> {
  let isAll = true;
  for (let after = 0; ; ) {
    const room = await building.rooms.get(roomId);
    const held = await building.ports.store.heldPdus(roomId, { after, limit: TAKEN_AT_ONCE });
    if (!room || held.length === 0) return isAll;
    const [{ server: origin }] = held as [Held];
    const until = held.findIndex(({ server }) => server !== origin);
    const some = until === -1 ? held : held.slice(0, until);
    after = some.at(-1)!.nid;
    const done = await judged(building, receiver, room, some);
    const left = some.map(({ eventId }) => eventId).filter((each) => !done.includes(each));
    const rests = building.resolver.restMs(roomId) > 0;
    const isHopeless = building.resolver.timesFailed(roomId) >= TRIES_MAX;
    const over = left.filter((each) => (rests ? isHopeless : isTriedEnough(each, tries)));
    await forget(building, room, [...done, ...over]);
    if (over.length < left.length) isAll = false;
    // What rests on the same would be refused for the same.
    if (rests) return false;
  }
}

function isTriedEnough(eventId: EventId, tries: Map<EventId, number>): boolean {
  const times = (tries.get(eventId) ?? 0) + 1;
  tries.set(eventId, times);
  return times >= TRIES_MAX;
}

async function forget(building: Building, room: HotRoom, eventIds: readonly EventId[]) {
  if (eventIds.length === 0) return;
  const { log, store } = building.ports;
  await commitRows(
    log,
    eventIds.map((eventId) => store.rows.noHeldPdu(room.nid, eventId)),
  );
  building.heldLoads.less();
}

/** Those of which it is known what becomes of them. Where one breaks what is taken together, each is taken by itself. */
async function judged(
  building: Building,
  receiver: Pick<RoomReceiver, 'receive'>,
  room: HotRoom,
  some: readonly Held[],
): Promise<EventId[]> {
  try {
    return await judgedTogether(receiver, room, some);
  } catch (error) {
    // There is too much to do just now, or the room is no longer whole.
    if (error instanceof MatrixError) throw error;
    const why = `What was held of ${room.roomId} cannot be taken in, from ${some[0]!.eventId} on`;
    building.ports.onError?.(new Error(why, { cause: error }));
    if (some.length === 1) return [];
    const ids: EventId[] = [];
    for (const each of some) ids.push(...(await judged(building, receiver, room, [each])));
    return ids;
  }
}

async function judgedTogether(
  receiver: Pick<RoomReceiver, 'receive'>,
  { roomId, rules }: HotRoom,
  some: readonly Held[],
): Promise<EventId[]> {
  const pdus = some.map(({ json }) => pduIn(json, rules));
  const [{ server: origin }] = some as [Held];
  const received = await receiver.receive(roomId, pdus, { origin, isPushed: true });
  if (received.some(({ kind }) => kind === 'held')) throw stillPartial(roomId);
  return some.flatMap(({ eventId }, index) =>
    mayBeJudgedLater(received[index]!) ? [] : [eventId],
  );
}

/** Somebody may tell what it lacks, or there is more time to resolve what it rests on. */
export const mayBeJudgedLater = (received: Received): boolean =>
  received.kind === 'refused' && (received.isUnresolved || received.missing !== undefined);

const stillPartial = (roomId: RoomId) =>
  new MatrixError(429, 'M_LIMIT_EXCEEDED', `The members of ${roomId} are not here yet`);
