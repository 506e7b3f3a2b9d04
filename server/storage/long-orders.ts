import type { Database } from './database.ts';
import type { Row, Write } from './write.ts';

export interface StoredOrder {
  readonly orderId: string;
  readonly kind: string;
  readonly target: string;
  readonly by: string;
  /** JSON, as is `told`. */
  readonly asked: string;
  readonly told: string;
  readonly status: 'active' | 'complete' | 'failed';
  /** Null while it is not done. */
  readonly expiresMs: number | null;
}

const SELECT = `SELECT order_id AS "orderId", kind, target, by, asked, told, status,
  expires_ms AS "expiresMs" FROM long_order`;

export async function longOrder(
  database: Database,
  orderId: string,
): Promise<StoredOrder | undefined> {
  const rows = await database.query<StoredOrder>('long_order', `${SELECT} WHERE order_id = $1`, [
    orderId,
  ]);
  return rows[0];
}

export const longOrdersOf = (database: Database, target: string) =>
  database.query<StoredOrder>(
    'long_orders_of',
    `${SELECT} WHERE target = $1 ORDER BY order_id LIMIT 1000`,
    [target],
  );

export const activeOrders = (database: Database) =>
  database.query<StoredOrder>(
    'active_orders',
    `${SELECT} WHERE status = 'active' ORDER BY order_id`,
  );

export const longOrderRow = (order: StoredOrder): Row => ({
  write: PUT_ORDER,
  values: [
    ...[order.orderId, order.kind, order.target, order.by],
    ...[order.asked, order.told, order.status, order.expiresMs],
  ],
});

const PUT_ORDER: Write = {
  name: 'put_long_order',
  table: 'long_order',
  sql: `INSERT INTO long_order (order_id, kind, target, by, asked, told, status, expires_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
      $7::text[], $8::int8[])
    ON CONFLICT (order_id) DO UPDATE SET told = excluded.told, status = excluded.status,
      expires_ms = excluded.expires_ms`,
  types: ['text', 'text', 'text', 'text', 'text', 'text', 'text', 'int8'],
  key: ([orderId]) => `${orderId}`,
};
