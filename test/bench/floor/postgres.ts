import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type ByteWriter, connectPool } from '../../../server/storage/database.ts';
import { startEmbedded } from '../../../server/storage/embedded/embedded-postgres.ts';
import { cpuMsOfTree } from '../cpu.ts';
import { MB } from './wire.ts';

const COUNT = 60;
const PIECE = 256 * 1024;
const BYTES = randomBytes(MB);

/** A way to lay a piece down, and to have a MB again. */
interface Layout {
  readonly name: string;
  readonly table: string;
  readonly put: string;
  readonly gets: Readonly<Record<string, string>>;
}

const LAYOUTS: readonly Layout[] = [
  {
    name: 'TOAST, 2 KB',
    table: `CREATE TABLE toasted (nid int8, at int8, bytes bytea NOT NULL, PRIMARY KEY (nid, at));
      ALTER TABLE toasted ALTER COLUMN bytes SET STORAGE EXTERNAL`,
    put: 'INSERT INTO toasted VALUES ($1::int8, $2::int8, $3::bytea)',
    gets: {
      'in rows of 60 KiB': `SELECT substring(bytes FROM n FOR 61440) FROM (SELECT at, bytes FROM toasted WHERE nid = $1) AS piece,
        generate_series(1, length(bytes), 61440) AS n ORDER BY at, n`,
      'a row for each piece':
        'SELECT substring(bytes FROM 1 FOR 262144) FROM toasted WHERE nid = $1 ORDER BY at',
    },
  },
  {
    name: 'rows of 8 KB',
    table: `CREATE TABLE plain (nid int8, at int8, bytes bytea NOT NULL, PRIMARY KEY (nid, at));
      ALTER TABLE plain ALTER COLUMN bytes SET STORAGE PLAIN`,
    put: `INSERT INTO plain SELECT $1::int8, $2::int8 + n, substring($3::bytea FROM n + 1 FOR 8100)
      FROM generate_series(0, length($3::bytea) - 1, 8100) AS n`,
    gets: { 'as they are': 'SELECT bytes FROM plain WHERE nid = $1 ORDER BY at' },
  },
  {
    name: 'WAL alone',
    table: 'SELECT 1',
    put: `SELECT pg_logical_emit_message(true, ($1::int8 + $2::int8)::text, $3::bytea)`,
    gets: {},
  },
];

/** What PostgreSQL and the driver take for a MB, laid down in pieces of 256 KiB, a commit each. */
export async function benchPostgres(print: (line: string) => void): Promise<void> {
  await using building = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'farol-floor-'));
  building.defer(() => rm(folder, { recursive: true, force: true }));
  const data = join(folder, 'db');
  const { url, stop } = await startEmbedded({ folder: data, settings: {} });
  building.defer(stop);
  const postmaster = Number.parseInt(await readFile(join(data, 'postmaster.pid'), 'utf8'), 10);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  building.defer(() => client.end());
  const pool = connectPool(url, { connectionsMax: 1, onError: console.error });
  building.defer(() => pool.end());
  const cost = async (name: string, deed: (n: number) => Promise<unknown>) => {
    for (let n = 1; n <= 15; n += 1) await deed(-n);
    const [own, its] = [process.cpuUsage(), cpuMsOfTree(postmaster)];
    for (let n = 1; n <= COUNT; n += 1) await deed(n);
    const { user, system } = process.cpuUsage(own);
    const each = ((cpuMsOfTree(postmaster) - its) / COUNT).toFixed(2);
    print(
      `${name.padEnd(40)} ${((user + system) / 1_000 / COUNT).toFixed(2)} ms a MB of Node, ${each} of PostgreSQL`,
    );
  };
  for (const layout of LAYOUTS) {
    await client.query(layout.table);
    await cost(`put: ${layout.name}`, (n) => putMegabyte(pool, layout, n));
    const into = Buffer.alloc(MB);
    for (const [how, get] of Object.entries(layout.gets))
      await cost(`get: ${layout.name}, ${how}`, (n) => pool.bytes(get.replace('$1', `${n}`), into));
  }
}

async function putMegabyte(pool: ByteWriter, { name, put }: Layout, nid: number): Promise<void> {
  for (let at = 0; at < MB; at += PIECE)
    await pool.put({ name, sql: put, numbers: [nid, at], bytes: BYTES.subarray(at, at + PIECE) });
}
