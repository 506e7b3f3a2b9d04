import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type ApiServer, startApi } from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import type { JsonObject } from '../../protocol/json.ts';

test.each([
  ['the kinds that are named', { with_rel_types: ['m.thread', 'm.replace'] }, ['reference']],
  [
    'their name in the proposal',
    { 'org.matrix.msc3912.with_relations': ['m.thread'] },
    ['edit', 'reference'],
  ],
  ['all of them', { with_rel_types: ['*'] }, []],
  ['none', { with_rel_types: [] }, ['thread', 'edit', 'reference']],
])('a redaction takes along what relates to the event by %s', async (_name, body, left) => {
  await using bench = await workbench();
  const root = await bench.say('bob', 'root');
  const related = {
    thread: await bench.say('bob', 'thread', { rel_type: 'm.thread', event_id: root }),
    edit: await bench.say('bob', 'edit', { rel_type: 'm.replace', event_id: root }),
    reference: await bench.say('bob', 'reference', { rel_type: 'm.reference', event_id: root }),
  };
  const other = await bench.say('bob', 'other');
  expect((await bench.redact('bob', root, { ...body, reason: 'spam' })).status).toBe(200);
  await bench.done();
  const kept = [];
  for (const [name, eventId] of Object.entries(related))
    if (await bench.isThere(eventId)) kept.push(name);
  expect(kept).toEqual(left);
  expect([await bench.isThere(root), await bench.isThere(other)]).toEqual([false, true]);
});

test('what others said of it stays for who has not the power to redact it, and goes for who has', async () => {
  await using bench = await workbench();
  const body = { with_rel_types: ['m.reference'] };
  const [own, another] = [await bench.say('bob', 'own'), await bench.say('bob', 'another')];
  const reference = { rel_type: 'm.reference', event_id: own };
  const byAlice = await bench.say('alice', 'reply', reference);
  const byBob = await bench.say('bob', 'reply', reference);
  await bench.redact('bob', own, body);
  await bench.done();
  expect([await bench.isThere(byAlice), await bench.isThere(byBob)]).toEqual([true, false]);
  const ofIgnored = await bench.say('bob', 'reply', { ...reference, event_id: another });
  await bench.ask('PUT /user/@alice:example.org/account_data/m.ignored_user_list', {
    token: bench.token('alice'),
    body: { ignored_users: { '@bob:example.org': {} } },
  });
  await bench.redact('alice', another, body);
  await bench.done();
  expect(await bench.isThere(ofIgnored, 'bob')).toBe(false);
});

test('a redaction that is refused takes nothing along', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const reply = await bench.say('bob', 'reply', { rel_type: 'm.thread', event_id: root });
  const { status, body } = await bench.redact('bob', root, { with_rel_types: ['*'] });
  expect([status, body.errcode]).toEqual([403, 'M_FORBIDDEN']);
  expect(await bench.orders()).toEqual([]);
  expect([await bench.isThere(root), await bench.isThere(reply)]).toEqual([true, true]);
});

test('kinds that are none are refused, and nothing is redacted', async () => {
  await using bench = await workbench();
  const root = await bench.say('bob', 'root');
  for (const with_rel_types of ['m.thread', [1], ['a'.repeat(300)], Array(51).fill('x')]) {
    const { status, body } = await bench.redact('bob', root, { with_rel_types });
    expect([status, body.errcode]).toEqual([400, 'M_BAD_JSON']);
  }
  expect(await bench.isThere(root)).toBe(true);
});

test('what a writer has not come to is redacted by the next one, though the client asks only once', async () => {
  await using fresh = await freshDatabase();
  const first = await workbench(fresh);
  const root = await first.say('bob', 'root');
  const reply = await first.say('bob', 'reply', { rel_type: 'm.thread', event_id: root });
  first.features.relatedRedactions.close();
  await first.redact('bob', root, { with_rel_types: ['m.thread'] });
  expect(await first.orders()).toEqual(['active']);
  expect(await first.isThere(reply)).toBe(true);
  await first[Symbol.asyncDispose]();
  await using server = await startApi({ fresh });
  const second = benchOf(server, first.token, first.room);
  await second.done();
  expect(await second.isThere(reply)).toBe(false);
});

async function workbench(fresh?: ApiServer['fresh']) {
  const server = await startApi(fresh && { fresh });
  const tokens = new Map<string, string>();
  for (const who of ['alice', 'bob']) tokens.set(who, await server.register(who));
  const token = (who: string) => tokens.get(who)!;
  const { body } = await server.ask('POST /createRoom', {
    token: token('alice'),
    body: { preset: 'public_chat' },
  });
  await server.ask(`POST /join/${body.room_id}`, { token: token('bob'), body: {} });
  return benchOf(server, token, body.room_id as string);
}

function benchOf(server: ApiServer, token: (who: string) => string, room: string) {
  const { ask, features, fresh } = server;
  const bench = {
    ...{ ask, features, token, room },
    async say(who: string, text: string, relation?: JsonObject): Promise<string> {
      const content = {
        msgtype: 'm.text',
        body: text,
        ...(relation && { 'm.relates_to': relation }),
      };
      const path = `/rooms/${room}/send/m.room.message/${randomUUID()}`;
      return (await ask(`PUT ${path}`, { token: token(who), body: content })).body.event_id;
    },
    redact: (who: string, eventId: string, body: JsonObject) =>
      ask(`PUT /rooms/${room}/redact/${encodeURIComponent(eventId)}/${randomUUID()}`, {
        ...{ token: token(who), body },
      }),
    async isThere(eventId: string, who = 'bob'): Promise<boolean> {
      const path = `/rooms/${room}/event/${encodeURIComponent(eventId)}`;
      return (await ask(`GET ${path}`, { token: token(who) })).body.content.body !== undefined;
    },
    async orders(): Promise<string[]> {
      const sql = 'SELECT status FROM long_order';
      return (await fresh.database.query<{ status: string }>('orders', sql)).map(
        ({ status }) => status,
      );
    },
    /** No order is under way. */
    done: () => expect.poll(bench.orders).not.toContain('active'),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return bench;
}
