import { expect, test } from 'vitest';
import { startApi } from '../../../test/support/api-server.ts';
import type { UserId } from '../../protocol/identifiers.ts';

const PROFILE = '/profile/@alice:example.org';

test('a display name is for everybody to see, and goes into the user’s rooms', async () => {
  const spread: UserId[] = [];
  await using api = await startApi({
    rooms: {
      spreadProfile: async (userId) => {
        spread.push(userId);
      },
    },
  });
  const token = await api.register('alice');
  const body = { displayname: 'Alice' };
  expect(await api.ask(`PUT ${PROFILE}/displayname`, { token, body })).toEqual({
    status: 200,
    body: {},
  });
  expect((await api.ask(`GET ${PROFILE}`)).body).toEqual({ displayname: 'Alice' });
  expect((await api.ask(`GET ${PROFILE}/displayname`)).body).toEqual({ displayname: 'Alice' });
  expect(spread).toEqual(['@alice:example.org']);
});

test('a field of one’s own may hold any JSON, and is not put into rooms', async () => {
  await using api = await startApi({
    rooms: { spreadProfile: () => Promise.reject(new Error('not to be asked')) },
  });
  const token = await api.register('alice');
  const body = { 'org.example.pronouns': [{ en: 'she/her' }] };
  const set = await api.ask(`PUT ${PROFILE}/org.example.pronouns`, { token, body });
  expect(set.status).toBe(200);
  expect((await api.ask(`GET ${PROFILE}`)).body).toEqual(body);
  expect((await api.ask(`DELETE ${PROFILE}/org.example.pronouns`, { token })).status).toBe(200);
  expect((await api.ask(`GET ${PROFILE}`)).body).toEqual({});
});

test('a profile is read once, and what it was changed to is not read again', async () => {
  const queries: string[] = [];
  await using api = await startApi({
    reads: (database) => ({
      query(name, sql, values) {
        if (name === 'profile_fields_of') queries.push(name);
        return database.query(name, sql, values);
      },
    }),
  });
  const token = await api.register('alice');
  for (const displayname of ['Alice', 'Bob']) {
    await api.ask(`PUT ${PROFILE}/displayname`, { token, body: { displayname } });
    expect((await api.ask(`GET ${PROFILE}`)).body).toEqual({ displayname });
  }
  await api.ask(`DELETE ${PROFILE}/displayname`, { token });
  expect((await api.ask(`GET ${PROFILE}`)).body).toEqual({});
  expect(queries).toHaveLength(1);
});

test('an empty display name takes it away', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  for (const displayname of ['Alice', ''])
    await api.ask(`PUT ${PROFILE}/displayname`, { token, body: { displayname } });
  const reply = await api.ask(`GET ${PROFILE}/displayname`);
  expect([reply.status, reply.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
});

test.each<[string, string, object, number, string]>([
  ['a field that the body lacks', 'displayname', { other: 'x' }, 400, 'M_MISSING_PARAM'],
  ['a display name that is no string', 'displayname', { displayname: 7 }, 400, 'M_BAD_JSON'],
  [
    'a display name that is too long',
    'displayname',
    { displayname: 'x'.repeat(257) },
    400,
    'M_INVALID_PARAM',
  ],
  [
    'a picture’s address that is too long',
    'avatar_url',
    { avatar_url: 'x'.repeat(1_001) },
    400,
    'M_INVALID_PARAM',
  ],
  ['a name without a namespace', 'motto', { motto: 'x' }, 400, 'M_INVALID_PARAM'],
  ['a name that is too long', `a.${'b'.repeat(254)}`, {}, 400, 'M_KEY_TOO_LARGE'],
  ['64 KiB in all', 'a.b', { 'a.b': 'x'.repeat(65_536) }, 400, 'M_PROFILE_TOO_LARGE'],
])('%s is refused', async (_what, field, body, status, errcode) => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await api.ask(`PUT ${PROFILE}/${field}`, { token, body });
  expect([reply.status, reply.body.errcode]).toEqual([status, errcode]);
});

test('the profile of somebody else is theirs to change', async () => {
  await using api = await startApi();
  await api.register('alice');
  const token = await api.register('bob');
  const body = { displayname: 'Mallory' };
  expect((await api.ask(`PUT ${PROFILE}/displayname`, { token, body })).status).toBe(403);
  expect((await api.ask(`DELETE ${PROFILE}/displayname`, { token })).status).toBe(403);
});

test('who is not here has no profile, not even an empty one', async () => {
  await using api = await startApi();
  const reply = await api.ask('GET /profile/@nobody:example.org');
  expect([reply.status, reply.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
});
