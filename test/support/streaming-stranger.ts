import { once } from 'node:events';
import pg from 'pg';

/** What the types of the driver lack. */
type Wire = pg.Connection & { sendCopyFromChunk(chunk: Buffer): void };

const BYTES = { kind: 1, start: 8, end: 8, clock: 8 };
const HEAD = BYTES.kind + BYTES.start + BYTES.end + BYTES.clock;

/**
 * Streams what a PostgreSQL writes from now on, as the session beside a base backup does, and says at once that it has it
 * (PostgreSQL, "Streaming Replication Protocol"). It keeps nothing, and is no site.
 */
export async function streamingStranger(url: string): Promise<AsyncDisposable> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'pg_basebackup',
    ...{ replication: 'true' },
  });
  await client.connect();
  client.on('error', () => {});
  const { rows } = await client.query<{ xlogpos: string }>('IDENTIFY_SYSTEM');
  const wire = (client as unknown as { connection: Wire }).connection;
  wire.on('copyData', ({ chunk }: { chunk: Buffer }) => {
    const end = positionAt(chunk);
    if (end !== undefined) wire.sendCopyFromChunk(received(end));
  });
  const begun = once(wire, 'replicationStart');
  wire.query(`START_REPLICATION PHYSICAL ${rows[0]!.xlogpos}`);
  await begun;
  return {
    async [Symbol.asyncDispose]() {
      wire.stream.destroy();
      await client.end().catch(() => {});
    },
  };
}

/** Behind what came with it (XLogData), or where the server stands (keepalive). */
function positionAt(chunk: Buffer): bigint | undefined {
  const kind = String.fromCharCode(chunk[0]!);
  if (kind === 'k') return chunk.readBigUInt64BE(BYTES.kind);
  return kind === 'w' ? chunk.readBigUInt64BE(BYTES.kind) + BigInt(chunk.length - HEAD) : undefined;
}

/** Standby status update: written, flushed and applied. */
function received(position: bigint): Buffer {
  const update = Buffer.alloc(34);
  update.write('r');
  for (const at of [1, 9, 17]) update.writeBigUInt64BE(position, at);
  return update;
}
