import { expect, test } from 'vitest';
import { freshDatabase } from '../../test/support/postgres.ts';
import { startWriter } from '../../test/support/writer.ts';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import type { UpstreamEnd } from '../storage/accounts/upstream-sessions.ts';
import { isMeant } from '../storage/accounts/upstream-sessions.ts';
import { EndedLogins } from './ended-logins.ts';

const issuer = 'https://company.example';
const ENDS: readonly UpstreamEnd[] = [
  { issuer, subject: 'ada', sid: undefined },
  { issuer, subject: undefined, sid: 'one' },
  { issuer, subject: 'ada', sid: 'one' },
  { issuer, subject: 'eve', sid: 'one' },
  { issuer, subject: 'eve', sid: undefined },
  { issuer: 'https://other.example', subject: 'ada', sid: undefined },
];
const LOGINS = ['one', 'two', null].map((sid) => ({ issuer, subject: 'ada', sid }));

test.each(ENDS)('the end %j means the logins that it means where they are devices', async (end) => {
  await using bench = await workbench();
  await bench.ended.end(end);
  for (const login of LOGINS)
    expect([login, await bench.ended.hasEnded(login, bench.clock.ms - 1)]).toEqual([
      login,
      isMeant(login, end),
    ]);
});

test('a login that began since has not ended, and one that ends again has', async () => {
  await using bench = await workbench();
  const [login, end] = [LOGINS[0]!, ENDS[2]!];
  await bench.ended.end(end);
  expect(await bench.ended.hasEnded(login, bench.clock.ms)).toBe(false);
  bench.clock.ms += 10;
  await bench.ended.end(end);
  expect(await bench.ended.hasEnded(login, bench.clock.ms - 5)).toBe(true);
});

async function workbench() {
  const fresh = await freshDatabase();
  const log = await startWriter(fresh.url);
  const clock = { ms: 1_800_000_000_000 };
  const { database } = fresh;
  const ended = new EndedLogins({ database, log, locks: new KeyedMutex(), now: () => clock.ms });
  return {
    ...{ ended, clock },
    async [Symbol.asyncDispose]() {
      await log[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
