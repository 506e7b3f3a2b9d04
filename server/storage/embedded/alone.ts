import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** Another process works on the same data. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

/** A session ends some milliseconds after its process was killed. */
const PATIENCE_MS = 2_000;
const LOCK = '70726, 2';

/**
 * Makes sure that one server only works on an embedded database: it holds a lock that goes with its
 * session, however the process ends. A takeover would else throw the other one out, without a word.
 */
export async function holdAlone(
  url: string,
  patienceMs = PATIENCE_MS,
): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `farol-alone ${process.pid}`,
  });
  client.on('error', () => {});
  await client.connect();
  for (const begin = Date.now(); !(await tryLock(client)); await sleep(50)) {
    if (Date.now() - begin < patienceMs) continue;
    const holder = await nameOfHolder(client);
    await client.end();
    throw new AlreadyRunning(holder);
  }
  return { release: () => client.end() };
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `SELECT pg_try_advisory_lock(${LOCK}) AS locked`,
  );
  return rows[0]?.locked ?? false;
}

/** The number of the process, as far as it can be found out. */
async function nameOfHolder(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT application_name AS name FROM pg_stat_activity JOIN pg_locks USING (pid)
     WHERE locktype = 'advisory' AND objid = 2 AND granted`,
  );
  return rows[0]?.name.replace('farol-alone ', '') ?? 'unknown';
}
