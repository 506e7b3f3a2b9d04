import { beforeAll, expect, test, vi } from 'vitest';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { aliceAndBob, type Person } from '../../../test/support/two-servers.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test('the profile of a user of another server is asked for there, and kept for a minute', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  await bob.put(`/profile/${bob.userId}/displayname`, { displayname: 'Bob' });
  await bob.put(`/profile/${bob.userId}/org.example.motto`, { 'org.example.motto': ['a', 1] });
  const profile = { displayname: 'Bob', 'org.example.motto': ['a', 1] };
  const asked = vi.spyOn(alice.server.features.federationClient, 'ask');
  expect(await shown(alice, bob.userId)).toEqual({ status: 200, body: profile });
  expect((await shown(alice, `${bob.userId}/displayname`)).body).toEqual({ displayname: 'Bob' });
  expect((await shown(alice, `${bob.userId}/avatar_url`)).status).toBe(404);
  expect(asked).toHaveBeenCalledTimes(1);
  await bob.put(`/profile/${bob.userId}/displayname`, { displayname: 'Robert' });
  alice.server.clock.ms += 60_000;
  expect((await shown(alice, bob.userId)).body.displayname).toBe('Robert');
});

test('who is not there is not there, and a server that is away is said to be', async () => {
  const [alice, bob] = await aliceAndBob(authority);
  const nobody = await shown(alice, `@nobody:${bob.server.name}`);
  expect([nobody.status, nobody.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
  const away = await shown(alice, '@bob:localhost:1');
  expect([away.status, away.body.errcode]).toEqual([502, 'M_UNKNOWN']);
  const own = await shown(alice, `@nobody:${alice.server.name}`);
  expect([own.status, own.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
});

const shown = ({ server }: Person, what: string) => server.ask(`GET /profile/${what}`);
