import { expect, test } from 'vitest';
import { startApi } from '../../../test/support/api-server.ts';
import type { PlacedRecord } from '../../log/change.ts';
import type { UserId } from '../../protocol/identifiers.ts';

const ALICE = '/user/@alice:example.org';
const ROOM = `${ALICE}/rooms/!a:example.org`;

test('account data come back as they were put, the room’s apart from the user’s', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const [mine, rooms] = [{ a: [1, null] }, { b: 'ü' }];
  await api.ask(`PUT ${ALICE}/account_data/m.test`, { token, body: mine });
  await api.ask(`PUT ${ROOM}/account_data/m.test`, { token, body: rooms });
  expect((await api.ask(`GET ${ALICE}/account_data/m.test`, { token })).body).toEqual(mine);
  expect((await api.ask(`GET ${ROOM}/account_data/m.test`, { token })).body).toEqual(rooms);
  const other = await api.ask(`GET ${ALICE}/account_data/m.other`, { token });
  expect([other.status, other.body.errcode]).toEqual([404, 'M_NOT_FOUND']);
});

test('a change has its place in the log, by which /sync finds it', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const alice = '@alice:example.org' as UserId;
  const records: PlacedRecord[] = [];
  api.writer.onCommitted((committed) => records.push(...committed));
  for (const n of [1, 2]) await api.ask(`PUT ${ROOM}/account_data/m.test`, { token, body: { n } });
  const record = { kind: 'account-data', userId: alice, roomId: '!a:example.org', type: 'm.test' };
  expect(records.map((each) => each.record)).toEqual([record, record]);

  const [first, second] = records.map((each) => each.position);
  const after = { after: first!, upTo: second! };
  expect(await api.features.accountData.changed(alice, after)).toEqual([
    { roomId: '!a:example.org', type: 'm.test', content: '{"n":2}', position: second },
  ]);
  const none = { after: second!, upTo: second! + 1 };
  expect(await api.features.accountData.changed(alice, none)).toEqual([]);
});

test('everything there is includes push rules, even of a user who never changed one', async () => {
  await using api = await startApi();
  await api.register('alice');
  const alice = '@alice:example.org' as UserId;
  const all = await api.features.accountData.changed(alice, { after: 0, upTo: 1_000 });
  expect(all.map((each) => each.type)).toEqual(['m.push_rules']);
  expect(JSON.parse(all[0]!.content).global.override[0].rule_id).toBe('.m.rule.master');
});

test.each(['m.push_rules', 'm.fully_read'])('%s is the server’s to write', async (type) => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await api.ask(`PUT ${ALICE}/account_data/${type}`, { token, body: {} });
  expect([reply.status, reply.body.errcode]).toEqual([405, 'M_BAD_JSON']);
});

test('nobody sees, writes or tags for somebody else', async () => {
  await using api = await startApi();
  await api.register('alice');
  const token = await api.register('bob');
  const requests = [
    `GET ${ALICE}/account_data/m.test`,
    `PUT ${ALICE}/account_data/m.test`,
    `GET ${ROOM}/account_data/m.test`,
    `PUT ${ROOM}/account_data/m.test`,
    `GET ${ROOM}/tags`,
    `PUT ${ROOM}/tags/u.work`,
    `DELETE ${ROOM}/tags/u.work`,
    `POST ${ALICE}/filter`,
    `GET ${ALICE}/filter/x`,
  ];
  for (const request of requests) {
    const hasBody = /^(PUT|POST)/.test(request);
    const reply = await api.ask(request, { token, ...(hasBody && { body: {} }) });
    expect([request, reply.status]).toEqual([request, 403]);
  }
});

test('tags are set and taken away one by one, also at the same time', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const set = (tag: string, body: object) => api.ask(`PUT ${ROOM}/tags/${tag}`, { token, body });
  await Promise.all([set('u.a', { order: 0.5 }), set('u.b', {}), set('m.favourite', {})]);
  await api.ask(`DELETE ${ROOM}/tags/u.b`, { token });
  const tags = { 'u.a': { order: 0.5 }, 'm.favourite': {} };
  expect((await api.ask(`GET ${ROOM}/tags`, { token })).body).toEqual({ tags });
  expect((await api.ask(`GET ${ROOM}/account_data/m.tag`, { token })).body).toEqual({ tags });
  expect((await set('u.c', { order: 'first' })).body.errcode).toBe('M_BAD_JSON');
});

test.each([
  ['an order that is no number', { tags: { 'u.a': { order: 'first' } } }, 'M_BAD_JSON'],
  ['a tag that is no object', { tags: { 'u.a': 1 } }, 'M_BAD_JSON'],
  ['tags that are a list', { tags: [] }, 'M_BAD_JSON'],
  ['a name that is too long', { tags: { ['u'.repeat(256)]: {} } }, 'M_INVALID_PARAM'],
])('all tags at once with %s are refused, as one tag is', async (_what, body, errcode) => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await api.ask(`PUT ${ROOM}/account_data/m.tag`, { token, body });
  expect([reply.status, reply.body.errcode]).toEqual([400, errcode]);
  const good = { tags: { 'u.a': { order: 1, more: true } } };
  expect((await api.ask(`PUT ${ROOM}/account_data/m.tag`, { token, body: good })).status).toBe(200);
});

test('a filter comes back under its id, and the same filter has the same id', async () => {
  await using api = await startApi();
  const token = await api.register('alice');
  const filter = { room: { timeline: { limit: 5 }, 'org.example.more': true } };
  const define = () => api.ask(`POST ${ALICE}/filter`, { token, body: filter });
  const { filter_id } = (await define()).body;
  expect(filter_id).not.toMatch(/^\{/);
  expect((await define()).body).toEqual({ filter_id });
  expect((await api.ask(`GET ${ALICE}/filter/${filter_id}`, { token })).body).toEqual(filter);
  expect((await api.ask(`GET ${ALICE}/filter/0`, { token })).body.errcode).toBe('M_NOT_FOUND');
});

test.each([
  ['a limit below zero', { room: { timeline: { limit: -1 } } }],
  ['senders that are no users', { presence: { senders: ['alice'] } }],
  ['an unknown format', { event_format: 'xml' }],
  ['470 patterns', { room: { timeline: { types: Array(470).fill('a*b*') } } }],
  ['a room that is a list', { room: [] }],
])('a filter with %s is refused', async (_what, body) => {
  await using api = await startApi();
  const token = await api.register('alice');
  const reply = await api.ask(`POST ${ALICE}/filter`, { token, body });
  expect([reply.status, reply.body.errcode]).toEqual([400, 'M_BAD_JSON']);
});
