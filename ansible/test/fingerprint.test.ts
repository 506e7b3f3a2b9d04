import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type EmbeddedPostgres,
  startEmbedded,
} from '../../server/storage/embedded/embedded-postgres.ts';
import { memoryOrDisk } from '../../test/support/folder.ts';
import { ANSIBLE, PYTHON_IS_HERE } from './ansible.ts';

/**
 * What a backup must hold is noted where nothing is in flight. It is noted by psycopg2 on hosts; here its statements
 * are brought to a PostgreSQL of the test's own, whose commits wait for a standby.
 */
let postgres: EmbeddedPostgres;
let client: pg.Client;
const folder = mkdtempSync(join(memoryOrDisk(), 'farol-fingerprint-'));

beforeAll(async () => {
  postgres = await startEmbedded({ folder: join(folder, 'db'), settings: { fsync: 'off' } });
  client = await connected();
  await client.query('CREATE TABLE said (word text)');
});
afterAll(async () => {
  await client?.end();
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test.skipIf(!PYTHON_IS_HERE)(
  'no moment is quiet while a commit waits for another site, though it be the newest of all',
  async () => {
    await standbyAnswers(false);
    const other = await connected();
    const written = other.query("INSERT INTO said VALUES ('in the log, and seen by nobody')");
    await untilOneWaits();
    expect(await quietMoment()).toBeNull();
    await standbyAnswers(true);
    await written;
    await other.end();
    expect(await quietMoment()).toEqual([expect.stringMatching(/^0\//), expect.any(String)]);
  },
);

test.skipIf(!PYTHON_IS_HERE)(
  'what is written behind that moment changes what is noted',
  async () => {
    const [place, held] = (await quietMoment())!;
    await client.query("INSERT INTO said VALUES ('later')");
    const [laterPlace, laterHeld] = (await quietMoment())!;
    expect(laterPlace).not.toBe(place);
    expect(laterHeld).not.toBe(held);
  },
);

async function connected(): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: postgres.url });
  await made.connect();
  return made;
}

async function standbyAnswers(answers: boolean) {
  await client.query(`ALTER SYSTEM SET synchronous_standby_names = '${answers ? '' : 'nobody'}'`);
  await client.query('SELECT pg_reload_conf()');
  const shown = async () => (await client.query('SHOW synchronous_standby_names')).rows[0];
  while ((await shown()).synchronous_standby_names !== (answers ? '' : 'nobody'));
}

async function untilOneWaits() {
  const waiting = "SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
  while ((await client.query(waiting)).rowCount === 0);
}

/** As `fingerprint.py` finds it, within a few tries. */
async function quietMoment(): Promise<[place: string, fingerprint: string] | null> {
  const python = spawn('python3', ['-B', '-c', BROUGHT_HERE], {
    cwd: join(ANSIBLE, 'roles/backup/files'),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const database = await connected();
  const ended = once(python, 'exit');
  try {
    for await (const line of createInterface(python.stdout)) {
      const said = JSON.parse(line);
      if ('told' in said) return said.told;
      const { rows } = await database.query({
        text: said.sql,
        values: said.values,
        rowMode: 'array',
      });
      python.stdin.write(`${JSON.stringify(rows)}\n`);
    }
    throw new Error(`The program ended without a word: ${await ended}`);
  } finally {
    python.stdin.end();
    await ended;
    await database.end();
  }
}

/** A cursor whose statements are brought to the test, and their rows back. */
const BROUGHT_HERE = `
import json
import sys
from unittest import mock
sys.modules['psycopg2'] = mock.MagicMock()
import fingerprint

class Cursor:
    def __enter__(self):
        return self
    def __exit__(self, *error):
        pass
    def execute(self, sql, values=()):
        for number in range(len(values)):
            sql = sql.replace('%s', f'\${number + 1}', 1)
        print(json.dumps({'sql': sql, 'values': list(values)}), flush=True)
        self.rows = json.loads(sys.stdin.readline())
    def fetchone(self):
        return self.rows[0]
    def fetchall(self):
        return self.rows

fingerprint.TRIES = 5
connection = mock.MagicMock()
connection.cursor = Cursor
print(json.dumps({'told': fingerprint.at_a_quiet_moment(connection)}), flush=True)
`;
