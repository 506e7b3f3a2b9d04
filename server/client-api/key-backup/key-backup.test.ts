import { expect, test } from 'vitest';
import {
  type ApiServer,
  PASSWORD,
  type Reply,
  startApi,
} from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';

const ROOM = '!room:example.org';
const OTHER_ROOM = '!other:example.org';
const algorithm = 'm.megolm_backup.v1.curve25519-aes-sha2';
const backup = { algorithm, auth_data: { public_key: 'abc' } };

const key = (more: object = {}) => ({
  first_message_index: 5,
  forwarded_count: 1,
  is_verified: false,
  session_data: { ciphertext: 'x' },
  ...more,
});

type AskBackup = (request: string, body?: unknown) => Promise<Reply>;

/** What a client of alice asks, below /room_keys. */
function as(api: ApiServer, token: string): AskBackup {
  return (request, body) => {
    const [method, path] = request.split(' ');
    return api.ask(`${method} /room_keys/${path}`, { token, body });
  };
}

async function started(api: ApiServer): Promise<AskBackup> {
  const ask = as(api, await api.register('alice', 'PHONE'));
  expect(await ask('POST version', backup)).toEqual({ status: 200, body: { version: '1' } });
  return ask;
}

const errorOf = ({ status, body }: Reply) => [status, body.errcode];

test('a user who has made no backup has none', async () => {
  await using api = await startApi();
  const ask = as(api, await api.register('alice'));
  expect(errorOf(await ask('GET version'))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await ask('GET keys?version=1'))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await ask('PUT keys?version=1', { rooms: {} }))).toEqual([404, 'M_NOT_FOUND']);
});

test('the newest backup is the current one, and the older ones are still there', async () => {
  await using api = await startApi();
  const ask = await started(api);
  const auth_data = { public_key: 'new' };
  expect((await ask('POST version', { algorithm, auth_data })).body).toEqual({ version: '2' });
  const told = { algorithm, count: 0, etag: '0' };
  expect((await ask('GET version')).body).toEqual({ ...told, auth_data, version: '2' });
  expect((await ask('GET version/1')).body).toEqual({ ...told, ...backup, version: '1' });
  expect(errorOf(await ask('GET version/3'))).toEqual([404, 'M_NOT_FOUND']);
});

test('of a backup only auth_data can be changed', async () => {
  await using api = await startApi();
  const ask = await started(api);
  const auth_data = { public_key: 'changed' };
  expect(await ask('PUT version/1', { algorithm, auth_data, version: '1' })).toEqual({
    status: 200,
    body: {},
  });
  expect((await ask('GET version')).body.auth_data).toEqual(auth_data);
  const wrong = [
    await ask('PUT version/1', { algorithm: 'other', auth_data }),
    await ask('PUT version/1', { algorithm, auth_data, version: '2' }),
    await ask('PUT version/2', { algorithm, auth_data }),
  ];
  expect(wrong.map(errorOf)).toEqual([
    [400, 'M_INVALID_PARAM'],
    [400, 'M_INVALID_PARAM'],
    [404, 'M_NOT_FOUND'],
  ]);
});

test('keys come in by session, by room or all at once, and go out in each of these forms', async () => {
  await using api = await startApi();
  const ask = await started(api);
  const put = [
    await ask(`PUT keys/${ROOM}/s1?version=1`, key()),
    await ask(`PUT keys/${ROOM}?version=1`, { sessions: { s2: key(), 'a/b"': key() } }),
    await ask('PUT keys?version=1', { rooms: { [OTHER_ROOM]: { sessions: { s1: key() } } } }),
  ];
  expect(put.map(({ body }) => body.count)).toEqual([1, 3, 4]);
  const sessions = { s1: key(), s2: key(), 'a/b"': key() };
  expect((await ask(`GET keys/${ROOM}/s1?version=1`)).body).toEqual(key());
  expect((await ask(`GET keys/${ROOM}/a%2Fb%22?version=1`)).body).toEqual(key());
  expect((await ask(`GET keys/${ROOM}?version=1`)).body).toEqual({ sessions });
  expect((await ask('GET keys?version=1')).body).toEqual({
    rooms: { [ROOM]: { sessions }, [OTHER_ROOM]: { sessions: { s1: key() } } },
  });
});

test('where there are no keys, none are told', async () => {
  await using api = await startApi();
  const ask = await started(api);
  expect((await ask('GET keys?version=1')).body).toEqual({ rooms: {} });
  expect((await ask(`GET keys/${ROOM}?version=1`)).body).toEqual({ sessions: {} });
  expect(errorOf(await ask(`GET keys/${ROOM}/s1?version=1`))).toEqual([404, 'M_NOT_FOUND']);
});

test('a backup of many keys is told whole, and taken away whole', async () => {
  await using api = await startApi();
  const ask = await started(api);
  const sessions = Object.fromEntries(Array.from({ length: 1_100 }, (_, n) => [`s${n}`, key()]));
  await ask('PUT keys?version=1', {
    rooms: { [ROOM]: { sessions }, [OTHER_ROOM]: { sessions: { last: key() } } },
  });
  expect((await ask('GET keys?version=1')).body.rooms[ROOM].sessions).toEqual(sessions);
  expect((await ask(`GET keys/${ROOM}?version=1`)).body.sessions).toEqual(sessions);
  expect((await ask(`DELETE keys/${ROOM}?version=1`)).body.count).toBe(1);
  expect((await ask('GET keys?version=1')).body).toEqual({
    rooms: { [OTHER_ROOM]: { sessions: { last: key() } } },
  });
  expect((await ask('DELETE keys?version=1')).body.count).toBe(0);
});

test('a better key takes the place of another, and what is no better changes nothing', async () => {
  await using api = await startApi();
  const ask = await started(api);
  const at = `keys/${ROOM}/s1?version=1`;
  const first = (await ask(`PUT ${at}`, key())).body;
  const later = key({ first_message_index: 6, session_data: { ciphertext: 'later' } });
  expect((await ask(`PUT ${at}`, later)).body).toEqual(first);
  expect((await ask(`PUT ${at}`, key())).body).toEqual(first);
  const earlier = key({ first_message_index: 4, session_data: { ciphertext: 'earlier' } });
  const second = (await ask(`PUT ${at}`, earlier)).body;
  expect(second).toEqual({ count: 1, etag: expect.not.stringMatching(`^${first.etag}$`) });
  expect((await ask(`GET ${at}`)).body).toEqual(earlier);
  expect((await ask('GET version')).body).toMatchObject(second);
});

test('a key can be taken away alone', async () => {
  await using api = await startApi();
  const ask = await started(api);
  await ask(`PUT keys/${ROOM}?version=1`, { sessions: { s1: key(), s2: key() } });
  const gone = await ask(`DELETE keys/${ROOM}/s1?version=1`);
  expect(gone.body).toEqual({ count: 1, etag: expect.any(String) });
  expect((await ask(`DELETE keys/${ROOM}/s1?version=1`)).body).toEqual(gone.body);
  expect((await ask(`GET keys/${ROOM}?version=1`)).body).toEqual({ sessions: { s2: key() } });
});

test('keys go into the current backup only, and a client with another is told which that is', async () => {
  await using api = await startApi();
  const ask = await started(api);
  await ask(`PUT keys/${ROOM}/s1?version=1`, key());
  await ask('POST version', backup);
  const wrong = await ask(`PUT keys/${ROOM}/s2?version=1`, key());
  expect(errorOf(wrong)).toEqual([403, 'M_WRONG_ROOM_KEYS_VERSION']);
  expect(wrong.body.current_version).toBe('2');
  expect((await ask(`GET keys/${ROOM}?version=1`)).body).toEqual({ sessions: { s1: key() } });
  expect((await ask(`DELETE keys/${ROOM}/s1?version=1`)).body.count).toBe(0);
});

test('a backup is deleted with its keys, its number is not given out again, and the one before is current', async () => {
  await using api = await startApi();
  const ask = await started(api);
  await ask('POST version', backup);
  await ask(`PUT keys/${ROOM}/s1?version=2`, key());
  for (const _time of [1, 2])
    expect(await ask('DELETE version/2')).toEqual({ status: 200, body: {} });
  expect(errorOf(await ask('GET version/2'))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await ask('DELETE version/3'))).toEqual([404, 'M_NOT_FOUND']);
  expect((await ask('GET version')).body.version).toBe('1');
  expect(await rows(api, 'key_backup_key')).toBe(0);
  expect((await ask('POST version', backup)).body).toEqual({ version: '3' });
  expect(await rows(api, 'key_backup')).toBe(2);
});

test('what was left of a deletion that was cut off goes when it is asked for again', async () => {
  await using api = await startApi();
  const ask = await started(api);
  await ask(`PUT keys/${ROOM}/s1?version=1`, key());
  await api.fresh.database.query('cut_off', 'UPDATE key_backup SET deleted = true');
  expect((await ask('DELETE version/1')).status).toBe(200);
  expect(await rows(api, 'key_backup_key')).toBe(0);
});

test('nobody sees the backup of another', async () => {
  await using api = await startApi();
  const ask = await started(api);
  await ask(`PUT keys/${ROOM}/s1?version=1`, key());
  const bob = as(api, await api.register('bob'));
  expect(errorOf(await bob('GET version/1'))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await bob(`GET keys/${ROOM}/s1?version=1`))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await bob('DELETE keys?version=1'))).toEqual([404, 'M_NOT_FOUND']);
});

test('keys and backups have bounds', async () => {
  await using api = await startApi();
  const ask = await started(api);
  const sessions = Object.fromEntries(Array.from({ length: 2_001 }, (_, n) => [`s${n}`, key()]));
  const large = key({ session_data: { ciphertext: 'x'.repeat(40_000) } });
  const refused = [
    await ask(`PUT keys/${ROOM}?version=1`, { sessions }),
    await ask(`PUT keys/${ROOM}/s1?version=1`, large),
    await ask('POST version', { algorithm, auth_data: { x: 'x'.repeat(70_000) } }),
  ];
  expect(refused.map(errorOf)).toEqual(Array(3).fill([413, 'M_TOO_LARGE']));
  await api.fresh.database.query('full', 'UPDATE key_backup SET count = 199_999');
  expect((await ask(`PUT keys/${ROOM}/s1?version=1`, key())).status).toBe(200);
  expect(errorOf(await ask(`PUT keys/${ROOM}/s2?version=1`, key()))).toEqual([413, 'M_TOO_LARGE']);
  for (let n = 2; n <= 20; n += 1) await ask('POST version', backup);
  expect(errorOf(await ask('POST version', backup))).toEqual([403, 'M_FORBIDDEN']);
});

test.each([
  ['no version', `PUT keys/${ROOM}/s1`, key(), 'M_MISSING_PARAM'],
  [
    'a room id that is none',
    'PUT keys?version=1',
    { rooms: { x: { sessions: {} } } },
    'M_BAD_JSON',
  ],
  [
    'an index that is none',
    `PUT keys/${ROOM}/s1?version=1`,
    key({ first_message_index: -1 }),
    'M_BAD_JSON',
  ],
  ['no sessions', `PUT keys/${ROOM}?version=1`, {}, 'M_BAD_JSON'],
])('%s is refused', async (_what, request, body, errcode) => {
  await using api = await startApi();
  const ask = await started(api);
  expect(errorOf(await ask(request, body))).toEqual([400, errcode]);
});

test('who closes their account takes their backups along', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const ask = as(api, token);
  await ask('POST version', backup);
  await ask(`PUT keys/${ROOM}/s1?version=1`, key());
  const auth = { type: 'm.login.password', user: 'alice', password: PASSWORD };
  expect((await api.ask('POST /account/deactivate', { token, body: { auth } })).status).toBe(200);
  expect(await rows(api, 'key_backup')).toBe(0);
  expect(await rows(api, 'key_backup_key')).toBe(0);
});

test('a backup is begun once, over a failover too, and the next writer has its keys', async () => {
  await using fresh = await freshDatabase();
  const headers = { 'x-farol-request-id': 'the-same-request' };
  let token: string;
  {
    await using api = await startApi({ fresh, behindFront: true });
    token = await api.register('alice');
    await api.ask('POST /room_keys/version', { token, headers, body: backup });
    await as(api, token)(`PUT keys/${ROOM}/s1?version=1`, key());
  }
  await using next = await startApi({ fresh, behindFront: true });
  const repeat = await next.ask('POST /room_keys/version', { token, headers, body: backup });
  expect(repeat.body).toEqual({ version: '1' });
  const ask = as(next, token);
  expect((await ask('GET version')).body).toMatchObject({ version: '1', count: 1, etag: '1' });
  expect((await ask(`GET keys/${ROOM}/s1?version=1`)).body).toEqual(key());
});

async function rows(api: ApiServer, table: string): Promise<number> {
  const [{ count }] = (await api.fresh.database.query<{ count: number }>(
    `count_${table}`,
    `SELECT count(*) FROM ${table}`,
  )) as [{ count: number }];
  return count;
}
