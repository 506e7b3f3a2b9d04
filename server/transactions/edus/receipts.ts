import { parseEventId, type RoomId, type ServerName } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { NewReceipt, Receipts } from '../../sync/receipts/receipts.ts';
import {
  type Effect,
  listIn,
  NO_EFFECT,
  numberIn,
  objectOf,
  roomIn,
  stringOf,
  userOf,
} from './edu.ts';
import type { SharedRooms } from './shared-rooms.ts';

export interface ReceiptEduPorts {
  readonly receipts: Pick<Receipts, 'put'>;
  readonly sharedRooms: SharedRooms;
  readonly now: () => number;
}

/** Of one transaction, each a row: a server that has more to say of where people read says it in the next one. */
export const RECEIPTS_MAX = 500;

/** Where others have read up to: `m.read` alone goes between servers. */
export async function takeReceipts(
  ports: ReceiptEduPorts,
  origin: ServerName,
  contents: readonly JsonObject[],
): Promise<readonly Effect[]> {
  const rooms = contents.flatMap((content) => Object.entries(content));
  const all = rooms.flatMap(([roomId, ofRoom]) => receiptsOf(origin, roomIn(roomId), ofRoom));
  const put: Promise<void>[] = [];
  const byRoom = Map.groupBy(all.slice(0, RECEIPTS_MAX), ({ roomId }) => roomId);
  for (const [roomId, receipts] of byRoom) {
    if ((await ports.sharedRooms.open(roomId, origin)) === undefined) continue;
    for (const receipt of receipts) {
      const ts = Math.min(receipt.ts ?? Number.POSITIVE_INFINITY, ports.now());
      const one = ports.receipts.put({ ...receipt, ts }).catch(passOver);
      // It is waited for behind the last: one that fails before has somebody to hear of it from here on.
      one.catch(() => {});
      put.push(one);
    }
  }
  await Promise.all(put);
  return NO_EFFECT;
}

/** Of somebody who is not in the room, or in a thread of which the event is no part. */
function passOver(error: unknown): void {
  if (!(error instanceof MatrixError)) throw error;
}

function receiptsOf(
  origin: ServerName,
  roomId: RoomId | undefined,
  ofRoom: JsonValue,
): NewReceipt[] {
  if (roomId === undefined) return [];
  return Object.entries(objectOf(objectOf(ofRoom)['m.read'])).flatMap(([user, said]) => {
    const userId = userOf(origin, user);
    const { event_ids, data } = objectOf(said);
    const eventId = parseEventId(stringOf(listIn(event_ids).at(-1)) ?? '');
    if (userId === undefined || !eventId.ok || !isObject(data)) return [];
    const receipt = { roomId, userId, type: 'm.read' as const, eventId: eventId.value };
    return [{ ...receipt, threadId: threadIn(data), ts: timeIn(data) }];
  });
}

const threadIn = ({ thread_id }: JsonObject): string => stringOf(thread_id) ?? '';

function timeIn({ ts }: JsonObject): number | undefined {
  const time = numberIn(ts);
  return time !== undefined && Number.isSafeInteger(time) && time >= 0 ? time : undefined;
}
