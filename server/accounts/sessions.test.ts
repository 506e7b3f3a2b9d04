import pg from 'pg';
import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { Deadline } from '../log/deadline.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import { OutcomeUnknown } from '../log/log.ts';
import { notKept } from '../log/outcomes.ts';
import { takeOver } from '../log/takeover.ts';
import type { ServerName, UserId } from '../protocol/identifiers.ts';
import { accountFeatures } from './features.ts';

const userId = '@alice:example.org' as UserId;
const password = 'correct horse';

type Bench = Awaited<ReturnType<typeof workbench>>;
const logout = ({ devices }: Bench) => devices.delete(userId, ['PHONE']);
const logIn = ({ logins }: Bench) => {
  const session = { deviceId: 'PHONE', refreshable: true };
  return logins.logIn({ userId, password, session }, notKept);
};

test.each<[string, (bench: Bench) => Promise<unknown>]>([
  ['a logout', logout],
  ['a logout of all devices', ({ devices }) => devices.deleteAll(userId)],
  ['another login on the device', logIn],
  [
    'a deactivation',
    ({ deactivation }) => deactivation.deactivate({ userId, erase: false }, notKept, {}),
  ],
  [
    'a change of the password that ends the others',
    ({ passwords }) =>
      passwords.change(
        { userId, deviceId: 'LAPTOP', password: 'new', logoutDevices: true },
        notKept,
      ),
  ],
])('%s whose answer came too late ends the token all the same', async (_what, deed) => {
  await using bench = await workbench();
  const { access_token: token } = await logIn(bench);
  expect(await known(bench, token)).toMatchObject({ deviceId: 'PHONE' });
  await bench.tooLate(() => deed(bench));
  expect(await known(bench, token)).toBeUndefined();
});

test('the use of a refreshed token ends the old one, also where its commit came too late', async () => {
  await using bench = await workbench();
  const { access_token: old, refresh_token } = await logIn(bench);
  const { access_token: young } = await bench.sessions.refresh(String(refresh_token), notKept);
  expect(await known(bench, old)).toBeDefined();
  await bench.tooLate(async () => known(bench, young));
  expect(await known(bench, old)).toBeUndefined();
});

test('who is behind a token is looked up on connections of their own', async () => {
  await using bench = await workbench();
  const { access_token: token } = await logIn(bench);
  const before = bench.lookUps.count;
  await known(bench, token);
  expect(bench.lookUps.count - before).toBe(1);
});

test('a renamed device stays logged in', async () => {
  await using bench = await workbench();
  const { access_token: token } = await logIn(bench);
  await known(bench, token);
  await bench.devices.rename(userId, 'PHONE', 'new name');
  expect(bench.sessions.authenticate(String(token))).not.toBeInstanceOf(Function);
});

/** As the gate does: from memory, or by a look-up. */
async function known({ sessions }: Bench, token: unknown) {
  const found = sessions.authenticate(String(token));
  return typeof found === 'function' ? found() : found;
}

async function workbench() {
  const fresh = await freshDatabase();
  let nowMs = 0;
  const log = await takeOver({
    url: fresh.url,
    leaderRevision: '0',
    deadline: new Deadline(1, () => nowMs),
    onEnd: () => {},
  });
  const { database } = fresh;
  const lookUps = {
    count: 0,
    query: (...question: Parameters<typeof database.query>) => {
      lookUps.count += 1;
      return database.query(...question) as never;
    },
  };
  const features = accountFeatures(
    { database, lookUps, log, locks: new KeyedMutex(), now: Date.now },
    {
      serverName: 'example.org' as ServerName,
      secret: Buffer.alloc(32),
      accessTokenLifeMs: 300_000,
      passwordCost: { memoryKib: 8, passes: 1, parallelism: 1 },
      tryLimits: { take: () => 0, owedMs: () => 0, owe: () => {} },
      onError: () => {},
    },
  );
  await features.ports.registrations.register(
    { userId, password, session: undefined, registrationToken: undefined },
    notKept,
  );
  return {
    ...{ ...features.ports, lookUps },
    /** The deadline passes while the commit of the deed is under way. */
    async tooLate(deed: () => Promise<unknown>): Promise<void> {
      const lock = new pg.Client({ connectionString: fresh.url });
      await lock.connect();
      await lock.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
      const late = expect(deed()).rejects.toThrow(OutcomeUnknown);
      await untilWaiting(lock);
      nowMs = 1;
      await lock.query('COMMIT');
      await lock.end();
      await late;
    },
    async [Symbol.asyncDispose]() {
      features.close();
      await log.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

async function untilWaiting(client: pg.Client) {
  const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'farol-writer' AND wait_event_type = 'Lock'`;
  while ((await client.query(waiting)).rowCount === 0);
}
