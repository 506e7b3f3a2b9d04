import { expect, test } from 'vitest';
import { type ApiServer, startApi } from '../../../test/support/api-server.ts';

const GLOBAL = '/pushrules/global';
const rule = {
  actions: ['notify'],
  conditions: [{ kind: 'event_match', key: 'type', pattern: 'x' }],
};

const other = { kind: 'org.example' };
const withPattern = (pattern: unknown) => ({
  ...rule,
  conditions: [{ kind: 'event_match', key: 'type', pattern }],
});

const idsOf = async (api: ApiServer, token: string, kind = 'override'): Promise<string[]> =>
  (await api.ask(`GET ${GLOBAL}/`, { token })).body[kind].map(
    (each: { rule_id: string }) => each.rule_id,
  );

test('a new user has the rules of the specification, the master rule first', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const { body } = await api.ask('GET /pushrules/', { token });
  expect(Object.keys(body.global).sort()).toEqual([
    'content',
    'override',
    'room',
    'sender',
    'underride',
  ]);
  expect(body.global.override[0]).toMatchObject({ rule_id: '.m.rule.master', enabled: false });
  const invited = body.global.override.find(
    (each: { rule_id: string }) => each.rule_id === '.m.rule.invite_for_me',
  );
  expect(JSON.stringify(invited)).toContain('@alice:example.org');
});

test('who upgrades a room takes along what they said of it for themselves, as those do who follow', async () => {
  await using api = await startApi();
  const tokens = [await api.register('alice'), await api.register('bob')] as const;
  const [token] = tokens;
  const { body: old } = await api.ask('POST /createRoom', {
    token,
    body: { preset: 'public_chat' },
  });
  await api.ask(`POST /join/${old.room_id}`, { token: tokens[1], body: {} });
  for (const each of tokens) {
    const path = `PUT ${GLOBAL}/room/${encodeURIComponent(old.room_id)}`;
    await api.ask(path, { token: each, body: { actions: ['dont_notify'] } });
  }
  const begin = await api.ask('GET /sync', { token });
  const upgrade = `POST /rooms/${old.room_id}/upgrade`;
  const { body } = await api.ask(upgrade, { token, body: { new_version: '11' } });
  await api.ask(`POST /join/${body.replacement_room}`, { token: tokens[1], body: {} });
  for (const each of tokens)
    expect(await idsOf(api, each, 'room')).toEqual([body.replacement_room, old.room_id]);
  const told = await api.ask(`GET /sync?since=${begin.body.next_batch}`, { token });
  const types = told.body.account_data.events.map((each: { type: string }) => each.type);
  expect(types).toEqual(['m.push_rules']);
});

test('a new rule is enabled, stands above the server’s, and says what was put', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  expect((await api.ask(`PUT ${GLOBAL}/override/mine`, { token, body: rule })).status).toBe(200);
  expect((await idsOf(api, token)).slice(0, 2)).toEqual(['.m.rule.master', 'mine']);
  expect((await api.ask(`GET ${GLOBAL}/override/mine`, { token })).body).toEqual({
    rule_id: 'mine',
    default: false,
    enabled: true,
    ...rule,
  });
});

test('a rule goes where it is told: before or behind another of one’s own', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const put = (path: string) =>
    api.ask(`PUT ${GLOBAL}/room/${path}`, { token, body: { actions: [] } });
  await put('!a:x');
  await put('!b:x');
  await put('!c:x?after=!b:x');
  expect(await idsOf(api, token, 'room')).toEqual(['!b:x', '!c:x', '!a:x']);
  await put('!a:x?before=!b:x');
  expect(await idsOf(api, token, 'room')).toEqual(['!a:x', '!b:x', '!c:x']);
  const lost = await put('!d:x?before=!nowhere:x');
  expect([lost.status, lost.body.errcode]).toEqual([400, 'M_UNKNOWN']);
});

test('a rule that is put again keeps its place and whether it is enabled', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  for (const name of ['one', 'two'])
    await api.ask(`PUT ${GLOBAL}/content/${name}`, { token, body: { actions: [], pattern: name } });
  const off = { enabled: false };
  await api.ask(`PUT ${GLOBAL}/content/one/enabled`, { token, body: off });
  const body = { actions: ['notify'], pattern: 'ONE' };
  await api.ask(`PUT ${GLOBAL}/content/one`, { token, body });
  expect(await idsOf(api, token, 'content')).toEqual(['two', 'one']);
  expect((await api.ask(`GET ${GLOBAL}/content/one`, { token })).body).toMatchObject({
    ...off,
    ...body,
  });
});

test('a rule of the server may be disabled and given other actions, and stays so', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const master = `${GLOBAL}/override/.m.rule.master`;
  const actions = [{ set_tweak: 'highlight' }];
  await api.ask(`PUT ${master}/enabled`, { token, body: { enabled: true } });
  await api.ask(`PUT ${master}/actions`, { token, body: { actions } });
  expect((await api.ask(`GET ${master}/enabled`, { token })).body).toEqual({ enabled: true });
  expect((await api.ask(`GET ${master}/actions`, { token })).body).toEqual({ actions });
  expect((await api.ask(`GET ${master}`, { token })).body.default).toBe(true);
});

test('a rule is deleted once, and then unknown; the server’s cannot be', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  await api.ask(`PUT ${GLOBAL}/override/mine`, { token, body: rule });
  expect((await api.ask(`DELETE ${GLOBAL}/override/mine`, { token })).status).toBe(200);
  const again = await api.ask(`DELETE ${GLOBAL}/override/mine`, { token });
  expect([again.status, again.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
  const served = await api.ask(`DELETE ${GLOBAL}/override/.m.rule.master`, { token });
  expect([served.status, served.body.errcode]).toEqual([400, 'M_INVALID_PARAM']);
});

test.each<[string, string, object, number, string]>([
  ['an unknown kind', 'other/mine', rule, 400, 'M_INVALID_PARAM'],
  ['a name like the server’s', 'override/.mine', rule, 400, 'M_INVALID_PARAM'],
  ['a name with a backslash', 'override/a%5Cb', rule, 400, 'M_INVALID_PARAM'],
  ['a content rule without a pattern', 'content/mine', { actions: [] }, 400, 'M_INVALID_PARAM'],
  ['no actions', 'override/mine', {}, 400, 'M_BAD_JSON'],
  ['an action that is a number', 'override/mine', { actions: [1] }, 400, 'M_BAD_JSON'],
  [
    'a pattern of 513',
    'content/mine',
    { actions: [], pattern: 'x'.repeat(513) },
    400,
    'M_BAD_JSON',
  ],
  ['a condition with one', 'override/mine', withPattern('x'.repeat(513)), 400, 'M_BAD_JSON'],
  ['a condition of 2,049', 'override/mine', withPattern(Array(1_024).fill(1)), 400, 'M_BAD_JSON'],
  [
    '21 conditions',
    'override/mine',
    { ...rule, conditions: Array(21).fill(other) },
    400,
    'M_BAD_JSON',
  ],
  ['11 actions', 'override/mine', { actions: Array(11).fill('notify') }, 400, 'M_BAD_JSON'],
  ['a long action', 'override/mine', { actions: ['x'.repeat(2_049)] }, 400, 'M_BAD_JSON'],
])('%s is refused', async (_what, path, body, status, errcode) => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await api.ask(`PUT ${GLOBAL}/${path}`, { token, body });
  expect([reply.status, reply.body.errcode]).toEqual([status, errcode]);
});

test('the rules are account data, so other devices hear of a change in /sync', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  await api.ask(`PUT ${GLOBAL}/override/mine`, { token, body: rule });
  const data = await api.ask('GET /user/@alice:example.org/account_data/m.push_rules', { token });
  expect(data.body.global.override[1].rule_id).toBe('mine');
});

test.each(['', '/enabled', '/actions'])(
  'of an unknown kind there is no rule: GET …%s',
  async (more) => {
    await using api = await startApi();
    const token = await api.register('alice');
    for (const path of [`nonsense/mine${more}`, `override/nonsense${more}`]) {
      const reply = await api.ask(`GET ${GLOBAL}/${path}`, { token });
      expect([reply.status, reply.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
    }
  },
);

test('old clients ask for all rules of one kind, with a slash or without', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  for (const path of ['override', 'override/']) {
    const { body } = await api.ask(`GET ${GLOBAL}/${path}`, { token });
    expect(body[0].rule_id).toBe('.m.rule.master');
  }
  expect((await api.ask(`GET ${GLOBAL}/nonsense/`, { token })).status).toBe(404);
});
