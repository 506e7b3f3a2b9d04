import type { EventId, RoomId, UserId } from '../protocol/identifiers.ts';
import type { Database } from './database.ts';
import type { Row, Write } from './write.ts';

export type ReceiptType = 'm.read' | 'm.read.private';

export interface Receipt {
  readonly userId: UserId;
  readonly roomId: RoomId;
  readonly type: ReceiptType;
  /** An event id or `main`; '' for an unthreaded receipt. */
  readonly threadId: string;
  readonly eventId: EventId;
  /** Where that event stands in the timeline, if it is known. */
  readonly eventPosition: number | null;
  readonly ts: number;
}

/** One that is in the log. */
export interface PlacedReceipt extends Receipt {
  readonly position: number;
}

const SELECT = `SELECT user_id AS "userId", room_id AS "roomId", receipt_type AS type,
    thread_id AS "threadId", event_id AS "eventId", event_position AS "eventPosition", ts, position
  FROM receipt`;

/** What changed in these rooms in (after, upTo]; the private ones of everybody are among it. */
export const receiptsOfRooms = (
  database: Database,
  range: { roomIds: readonly RoomId[]; after: number; upTo: number },
) =>
  database.query<PlacedReceipt>(
    'receipts_of_rooms',
    `${SELECT} WHERE room_id = ANY ($1::text[]) AND position > $2 AND position <= $3
     ORDER BY position`,
    [range.roomIds, range.after, range.upTo],
  );

export const receiptsOfUser = (database: Database, userId: UserId) =>
  database.query<PlacedReceipt>('receipts_of_user', `${SELECT} WHERE user_id = $1`, [userId]);

/** How far others are told that the user has read. */
export async function publicReceipt(
  database: Database,
  { userId, roomId, threadId }: Pick<Receipt, 'userId' | 'roomId' | 'threadId'>,
): Promise<PlacedReceipt | undefined> {
  const [receipt] = await database.query<PlacedReceipt>(
    'public_receipt',
    `${SELECT} WHERE user_id = $1 AND room_id = $2 AND receipt_type = 'm.read' AND thread_id = $3`,
    [userId, roomId, threadId],
  );
  return receipt;
}

export const receiptRow = (receipt: PlacedReceipt): Row => ({
  write: PUT_RECEIPT,
  values: [
    receipt.userId,
    receipt.roomId,
    receipt.type,
    receipt.threadId,
    receipt.eventId,
    receipt.eventPosition,
    receipt.ts,
    receipt.position,
  ],
});

export const noReceiptRow = ({ userId, roomId, type, threadId }: Receipt): Row => ({
  write: DELETE_RECEIPT,
  values: [userId, roomId, type, threadId],
});

const keyOf: NonNullable<Write['key']> = (values) => values.slice(0, 4).join('\u0000');

const DELETE_RECEIPT: Write = {
  name: 'delete_receipt',
  table: 'receipt',
  sql: `DELETE FROM receipt USING unnest($1::text[], $2::text[], $3::text[], $4::text[])
      AS gone (user_id, room_id, receipt_type, thread_id)
    WHERE receipt.user_id = gone.user_id AND receipt.room_id = gone.room_id
      AND receipt.receipt_type = gone.receipt_type AND receipt.thread_id = gone.thread_id`,
  types: ['text', 'text', 'text', 'text'],
  key: keyOf,
};

const PUT_RECEIPT: Write = {
  name: 'put_receipt',
  table: 'receipt',
  sql: `INSERT INTO receipt (user_id, room_id, receipt_type, thread_id, event_id, event_position, ts,
      position)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int8[],
      $7::int8[], $8::int8[])
    ON CONFLICT (user_id, room_id, receipt_type, thread_id) DO UPDATE SET
      event_id = excluded.event_id, event_position = excluded.event_position, ts = excluded.ts,
      position = excluded.position`,
  types: ['text', 'text', 'text', 'text', 'text', 'int8', 'int8', 'int8'],
  key: keyOf,
};
