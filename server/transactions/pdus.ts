import { parsedIn, parseRoomId, type RoomId, type ServerName } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import type { Received, RoomReceiver } from '../rooms/receive/room-receiver.ts';
import { allEnded } from './all-ended.ts';
import type { Complaints } from './complaints.ts';
import type { UnknownRooms } from './unknown-rooms.ts';

export interface PduPorts {
  readonly roomReceiver: Pick<RoomReceiver, 'receive'>;
  readonly unknownRooms: Pick<UnknownRooms, 'note'>;
  readonly complaints: Pick<Complaints, 'about'>;
}

/** What became of each PDU, by event id; nothing of those that have none that we know. */
export type PduOutcomes = Record<string, PduOutcome>;
type PduOutcome = Record<string, never> | { readonly error: string };

/** Takes all PDUs of a transaction in, those of different rooms side by side. Resolves when it is committed. */
export async function takePdus(
  ports: PduPorts,
  origin: ServerName,
  pdus: readonly JsonObject[],
): Promise<PduOutcomes> {
  const rooms = Map.groupBy(pdus, roomOf);
  const taken = [...rooms].map(([roomId, ofRoom]) => takeRoom(ports, origin, roomId, ofRoom));
  return Object.fromEntries((await allEnded(taken)).flat());
}

type Entry = readonly [eventId: string, outcome: PduOutcome];

async function takeRoom(
  { roomReceiver, unknownRooms, complaints }: PduPorts,
  origin: ServerName,
  roomId: RoomId | undefined,
  pdus: readonly JsonObject[],
): Promise<Entry[]> {
  if (roomId === undefined) {
    complaints.about(origin, 'events that name no room', JSON.stringify(pdus[0]?.type));
    return pdus.flatMap((pdu) => ofGivenId(pdu, 'it names no room'));
  }
  try {
    const from = { origin, isPushed: true, mayBeHeld: true };
    const received = await roomReceiver.receive(roomId, pdus, from);
    return received.flatMap((each) => outcomeOf(complaints, origin, each));
  } catch (error) {
    if (!(error instanceof MatrixError) || error.errcode !== 'M_NOT_FOUND') throw error;
    await unknownRooms.note(roomId, origin);
    return pdus.flatMap((pdu) => ofGivenId(pdu, error.message));
  }
}

/** From version 12 on the first event of a room names none; but nobody pushes that. */
const roomOf = ({ room_id }: JsonObject): RoomId | undefined => parsedIn(room_id, parseRoomId);

/** Without its room's version nobody can tell what the id of an event is, unless it says so. */
const ofGivenId = ({ event_id }: JsonObject, error: string): Entry[] =>
  typeof event_id === 'string' ? [[event_id, { error }]] : [];

function outcomeOf(complaints: Pick<Complaints, 'about'>, origin: ServerName, received: Received) {
  if (received.kind !== 'rejected' && received.kind !== 'refused')
    return [[received.event.eventId, {}] as Entry];
  const { kind, reason } = received;
  complaints.about(origin, `${kind} events`, reason);
  const eventId = kind === 'rejected' ? received.event.eventId : received.eventId;
  return eventId === undefined ? [] : [[eventId, { error: reason }] as Entry];
}
