import type { ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import type { Row, Write } from '../write.ts';

/** "At most 32 codepoints"; others make longer ones. */
export const MESSAGE_ID_LENGTH_MAX = 255;

/**
 * A server sends one transaction after the other, of a hundred EDUs each, and repeats what it was not answered: so
 * what it repeats is among the last.
 */
const KEPT_OF_SERVER = 1_000;

export async function messagesTaken(
  database: Database,
  server: ServerName,
  messageIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (messageIds.length === 0) return new Set();
  const rows = await database.query<{ messageId: string }>(
    'federation_messages_taken',
    `SELECT message_id AS "messageId" FROM federation_message
     WHERE server_name = $1 AND message_id = ANY ($2::text[])`,
    [server, messageIds],
  );
  return new Set(rows.map(({ messageId }) => messageId));
}

export const messageTakenRow = (message: {
  server: ServerName;
  messageId: string;
  takenMs: number;
}): Row => ({
  write: PUT_MESSAGE,
  values: [message.server, message.messageId, message.takenMs],
});

/** Those of the server beyond the newest go. */
export const messagesKeptRow = (server: ServerName): Row => ({
  write: TRIM_MESSAGES,
  values: [server],
});

/** Of servers that sent nothing for that long; true if there may be more. */
export async function sweepTakenMessages(
  database: Database,
  { beforeMs, limit }: { beforeMs: number; limit: number },
): Promise<boolean> {
  const gone = await database.query(
    'sweep_federation_messages',
    `DELETE FROM federation_message WHERE (server_name, message_id) IN (
       SELECT server_name, message_id FROM federation_message WHERE taken_ms < $1 LIMIT $2)
     RETURNING 1`,
    [beforeMs, limit],
  );
  return gone.length === limit;
}

const PUT_MESSAGE: Write = {
  name: 'put_federation_message',
  table: 'federation_message',
  sql: `INSERT INTO federation_message (server_name, message_id, taken_ms)
    SELECT * FROM unnest($1::text[], $2::text[], $3::int8[])
    ON CONFLICT (server_name, message_id) DO NOTHING`,
  types: ['text', 'text', 'int8'],
  key: ([server, messageId]) => `${server} ${messageId}`,
};

const TRIM_MESSAGES: Write = {
  name: 'trim_federation_messages',
  table: 'federation_message (all but the newest)',
  sql: `DELETE FROM federation_message AS kept
    USING unnest($1::text[]) AS trimmed (server_name)
    WHERE kept.server_name = trimmed.server_name AND kept.taken_ms < (
      SELECT taken_ms FROM federation_message AS newer
      WHERE newer.server_name = trimmed.server_name
      ORDER BY taken_ms DESC OFFSET ${KEPT_OF_SERVER} LIMIT 1)`,
  types: ['text'],
  key: ([server]) => `${server}`,
};
