import { rowsAlone } from '../../log/change.ts';
import { commitRows } from '../../log/commit-rows.ts';
import type { Event } from '../../protocol/event.ts';
import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { pduIn } from '../read/stored-event.ts';
import type { Building } from '../write/building.ts';
import { RoomChangedMeanwhile } from '../write/moved-meanwhile.ts';
import type { Received, RoomReceiver } from './room-receiver.ts';

/** Of what waits for members to come. What is beyond it is fetched as missing, with what comes later. */
export const HELD_MAX = {
  ofServer: { count: 500, bytes: 4 * 1_048_576 },
  ofRoom: { count: 1_000, bytes: 8 * 1_048_576 },
  ofAll: { count: 10_000, bytes: 64 * 1_048_576 },
};
/** As many as a transaction may have. */
const TAKEN_AT_ONCE = 50;

/** Behind the checks for which the room need not be asked. */
export interface Holdable {
  readonly event: Event;
  readonly pdu: JsonObject;
}

/**
 * Keeps events of a room whose members are not here yet, so that nobody can judge them. Alone in the room: it becomes
 * whole before that or behind it. Harmless when repeated.
 */
export function hold(
  { ports }: Building,
  room: HotRoom,
  pdus: readonly Holdable[],
  server: ServerName,
): Promise<readonly Received[]> {
  return room.building.alone(async () => {
    if (room.isDropped) throw new RoomChangedMeanwhile();
    const { store } = ports;
    const loads = await store.heldLoads({ roomNid: room.nid, server });
    const texts = pdus.map(({ pdu }) => JSON.stringify(pdu));
    const isHeld = texts.map((text) => fits(loads, Buffer.byteLength(text)));
    await ports.log.commit((position) => {
      const rows = pdus.flatMap(({ event: { eventId } }, index) => {
        const held = { nid: position(), eventId, server, json: texts[index]! };
        return isHeld[index] ? [store.rows.heldPdu(room.nid, held)] : [];
      });
      return { change: rowsAlone(rows), value: undefined };
    });
    return pdus.map(({ event }, index) => (isHeld[index] ? { kind: 'held', event } : over(event)));
  });
}

type Loads = Record<keyof typeof HELD_MAX, { count: number; bytes: number }>;

/** Counts it in where it fits. */
function fits(loads: Loads, bytes: number): boolean {
  const all = Object.entries(HELD_MAX) as [keyof Loads, { count: number; bytes: number }][];
  const isOver = all.some(
    ([name, max]) => loads[name].count + 1 > max.count || loads[name].bytes + bytes > max.bytes,
  );
  if (isOver) return false;
  for (const load of Object.values(loads)) {
    load.count += 1;
    load.bytes += bytes;
  }
  return true;
}

const over = ({ eventId }: Event): Received => ({
  ...{ kind: 'refused', eventId },
  reason: 'too much waits for the members of the room',
});

/** Takes in what was held, in the order in which it came; what has been is taken in is held no more. */
export async function takeHeld(
  building: Building,
  receiver: Pick<RoomReceiver, 'receive'>,
  roomId: RoomId,
): Promise<void> {
  const { log, store } = building.ports;
  for (;;) {
    const room = await building.rooms.get(roomId);
    const held = await store.heldPdus(roomId, TAKEN_AT_ONCE);
    if (!room || held.length === 0) return;
    const [{ server: origin }] = held as [(typeof held)[number]];
    const until = held.findIndex(({ server }) => server !== origin);
    const some = until === -1 ? held : held.slice(0, until);
    const pdus = some.map(({ json }) => pduIn(json, room.rules));
    const received = await receiver.receive(roomId, pdus, { origin, isPushed: true });
    if (received.some(({ kind }) => kind === 'held')) throw stillPartial(roomId);
    await commitRows(
      log,
      some.map(({ eventId }) => store.rows.noHeldPdu(room.nid, eventId)),
    );
  }
}

const stillPartial = (roomId: RoomId) =>
  new MatrixError(429, 'M_LIMIT_EXCEEDED', `The members of ${roomId} are not here yet`);
