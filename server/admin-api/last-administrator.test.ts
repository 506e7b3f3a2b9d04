import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, type Reply, startApi } from '../../test/support/api-server.ts';
import { holdCommits } from '../../test/support/hold-commits.ts';
import type { UserId } from '../protocol/identifiers.ts';

const [ROOT, BOB] = ['@root:example.org', '@bob:example.org'] as UserId[];
const AT = '/_synapse/admin';

test.each([
  ['demote', (of: string) => `PUT ${AT}/v1/users/${of}/admin`, { admin: false }],
  ['demote with all else', (of: string) => `PUT ${AT}/v2/users/${of}`, { admin: false }],
  ['close', (of: string) => `POST ${AT}/v1/deactivate/${of}`, {}],
] as const)(
  'of two administrators who %s each other at once one stays',
  async (_what, at, body) => {
    await using api = await startApi();
    const [root, bob] = await administrators(api);
    const held = await holdCommits(api.fresh.url);
    const orders = Promise.all([
      api.ask(at(BOB!), { token: root, body }),
      api.ask(at(ROOT!), { token: bob, body }),
    ]);
    await held.untilOneWaits();
    await held.release();
    const statuses = (await orders).map(({ status }) => status);
    expect(statuses.sort()).toEqual([200, 403]);
    expect(await administratorsOf(api)).toHaveLength(1);
  },
);

test('one who closes their own account stays where they are the last, with all that is theirs', async () => {
  await using api = await startApi();
  const token = await api.register('root', 'DESK', { admin: true });
  const { room_id } = (await api.ask('POST /createRoom', { token, body: {} })).body;
  expect(refusalOf(await close(api, token))).toEqual([403, 'M_FORBIDDEN']);
  expect((await api.ask('GET /joined_rooms', { token })).body.joined_rooms).toEqual([room_id]);
  expect(await administratorsOf(api)).toEqual([ROOT]);
});

test('of two who close their own accounts at once one stays, with all that is theirs', async () => {
  await using api = await startApi();
  const [root, bob] = await administrators(api);
  const all = { root: root!, bob: bob! };
  const version = { algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2', auth_data: {} };
  for (const token of Object.values(all)) {
    expect((await api.ask('POST /createRoom', { token, body: {} })).status).toBe(200);
    expect((await api.ask('POST /room_keys/version', { token, body: version })).status).toBe(200);
  }
  const held = await holdCommits(api.fresh.url);
  const closed = Promise.all(
    Object.entries(all).map(async ([user, token]) => {
      const { status } = await close(api, token, user);
      return { token, status };
    }),
  );
  await held.untilOneWaits();
  await held.release();
  const answers = await closed;
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
  const { token } = answers.find(({ status }) => status === 403)!;
  expect((await api.ask('GET /joined_rooms', { token })).body.joined_rooms).toHaveLength(1);
  expect((await api.ask('GET /room_keys/version', { token })).status).toBe(200);
  expect(await administratorsOf(api)).toHaveLength(1);
});

test('one of several may close their own account', async () => {
  await using api = await startApi();
  const [root] = await administrators(api);
  expect((await close(api, root!)).status).toBe(200);
  expect(await administratorsOf(api)).toEqual([BOB]);
});

test('who is locked, or has closed their account, is no other administrator', async () => {
  await using api = await startApi();
  const [root, bob] = await administrators(api);
  await api.register('carol', 'PHONE');
  const asRoot = (request: string, body: object) => api.ask(request, { token: root!, body });
  await asRoot(`PUT ${AT}/v2/users/@carol:example.org`, { locked: true });
  await asRoot(`PUT ${AT}/v1/users/@carol:example.org/admin`, { admin: true });
  expect((await close(api, bob!, 'bob')).status).toBe(200);
  expect(refusalOf(await close(api, root!))).toEqual([403, 'M_FORBIDDEN']);
});

async function administrators(api: ApiServer): Promise<string[]> {
  const root = await api.register('root', 'DESK', { admin: true });
  return [root, await api.register('bob', 'PHONE', { admin: true })];
}

async function administratorsOf(api: ApiServer): Promise<UserId[]> {
  const rows = await api.fresh.database.query<{ user_id: UserId }>(
    'administrators_there',
    'SELECT user_id FROM account WHERE admin AND deactivated_ms IS NULL',
  );
  return rows.map((row) => row.user_id);
}

const close = (api: ApiServer, token: string, user = 'root') =>
  api.ask('POST /account/deactivate', {
    token,
    body: {
      auth: {
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user },
        password: PASSWORD,
      },
    },
  });

const refusalOf = ({ status, body }: Reply) => [status, body.errcode];
