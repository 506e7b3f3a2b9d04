import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type ApiOptions, type ApiServer, startApi } from '../../../test/support/api-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** A machine may be busy. */
const INDEXED_WITHIN_MS = 10_000;

test('what was said is found by its words, without case and accents, with what was written', async () => {
  await using bench = await workbench();
  const said = await bench.say('alice', 'A AÇÃO começou ontem');
  await bench.say('alice', 'outra coisa');
  const found = await bench.search('bob', { search_term: 'ação comecou' });
  expect(found).toMatchObject({ count: 1, results: [{ rank: expect.any(Number) }] });
  expect(found.results[0].result).toMatchObject({
    event_id: said,
    room_id: bench.room,
    content: { body: 'A AÇÃO começou ontem' },
  });
  expect(found.highlights.sort()).toEqual(['AÇÃO', 'começou']);
  expect(found).not.toHaveProperty('next_batch');
  expect(await bench.found('bob', 'coi')).toEqual([]);
});

test('whoever has just said something finds it', async () => {
  await using bench = await workbench();
  for (const word of ['primeiro', 'segundo', 'terceiro']) {
    const said = await bench.say('alice', word);
    expect(await bench.foundAtOnce('alice', word)).toEqual([said]);
  }
});

test('all words must be there, phrases in their order, and what has a - before it must not', async () => {
  await using bench = await workbench();
  const one = await bench.say('alice', 'the quick brown fox');
  const other = await bench.say('alice', 'the brown quick dog');
  expect(await bench.found('bob', 'quick brown')).toEqual([other, one]);
  expect(await bench.found('bob', '"quick brown"')).toEqual([one]);
  expect(await bench.found('bob', 'quick -fox')).toEqual([other]);
  expect(await bench.found('bob', 'fox or dog')).toEqual([other, one]);
  expect(await bench.found('bob', '-fox')).toEqual([]);
  expect(await bench.found('bob', '!!!')).toEqual([]);
});

test('in a language that is configured other forms of a word are found, and shown as they are written', async () => {
  await using bench = await workbench({ search: ['portuguese', 'english'] });
  const said = await bench.say('alice', 'Os livros estavam running');
  expect(await bench.found('bob', 'livro')).toEqual([said]);
  expect(await bench.found('bob', 'runs')).toEqual([said]);
  const found = await bench.search('bob', { search_term: 'LIVRO' });
  expect(found.highlights).toEqual(['livros']);
});

test('names and topics of rooms are found, and only what is asked for of them', async () => {
  await using bench = await workbench();
  const name = await bench.state('alice', 'm.room.name', { name: 'Farol marinho' });
  const topic = await bench.state('alice', 'm.room.topic', { topic: 'luz do farol' });
  const said = await bench.say('alice', 'um farol');
  expect(await bench.found('bob', 'farol')).toEqual([said, topic, name]);
  expect(await bench.found('bob', 'farol', { keys: ['content.name'] })).toEqual([name]);
  expect(await bench.found('bob', 'farol', { keys: ['content.topic', 'content.body'] })).toEqual([
    ...[said, topic],
  ]);
});

test('an edit is found by what it says now, not by the star before it', async () => {
  await using bench = await workbench();
  const said = await bench.say('alice', 'mistak');
  const edit = await bench.send('alice', 'm.room.message', {
    msgtype: 'm.text',
    body: '* fallback',
    'm.new_content': { msgtype: 'm.text', body: 'mistake' },
    'm.relates_to': { rel_type: 'm.replace', event_id: said },
  });
  expect(await bench.found('bob', 'mistake')).toEqual([edit]);
  expect(await bench.found('bob', 'fallback')).toEqual([]);
});

test('what was edited and then redacted is not found by its edits either, which nobody redacts', async () => {
  await using bench = await workbench();
  const said = await bench.say('alice', 'a secret');
  await bench.send('alice', 'm.room.message', {
    ...{ msgtype: 'm.text', body: '* another secret' },
    'm.new_content': { msgtype: 'm.text', body: 'another secret' },
    'm.relates_to': { rel_type: 'm.replace', event_id: said },
  });
  expect(await bench.found('bob', 'secret')).toHaveLength(2);
  await bench.redact('alice', said);
  expect(await bench.found('bob', 'secret')).toEqual([]);
});

test('encrypted events are not found', async () => {
  await using bench = await workbench();
  await bench.send('alice', 'm.room.encrypted', { ciphertext: 'secret', body: 'secret' });
  expect(await bench.found('alice', 'secret')).toEqual([]);
});

test('what is redacted is found no more, whichever of its room versions says what it redacts', async () => {
  for (const version of ['10', '11']) {
    await using bench = await workbench({}, version);
    const [gone, kept] = [
      await bench.say('alice', 'segredo um'),
      await bench.say('alice', 'segredo dois'),
    ];
    expect(await bench.found('bob', 'segredo')).toEqual([kept, gone]);
    await bench.redact('alice', gone);
    expect(await bench.found('bob', 'segredo')).toEqual([kept]);
    await bench.indexed();
    expect(await bench.documents()).toBe(1);
  }
});

test('what is redacted goes out of the index, also where the redaction itself was redacted before it was seen', async () => {
  await using fresh = await freshDatabase();
  await using first = await workbench({ fresh });
  const gone = await first.say('alice', 'segredo');
  await first.indexed();
  await using second = await first.next({ search: undefined });
  await second.redact('alice', await second.redact('alice', gone));
  await using third = await second.next({ search: ['simple'] });
  await third.indexed();
  expect(await third.documents()).toBe(0);
});

test('nothing is found that history visibility, leaving, forgetting or a room of others keeps from the searcher', async () => {
  await using bench = await workbench();
  await bench.state('alice', 'm.room.history_visibility', { history_visibility: 'joined' });
  const before = await bench.say('alice', 'palavra antes');
  await bench.enter('carol');
  const during = await bench.say('alice', 'palavra durante');
  await bench.ask(`POST /rooms/${bench.room}/leave`, { token: bench.token('carol'), body: {} });
  const after = await bench.say('alice', 'palavra depois');
  expect(await bench.found('carol', 'palavra')).toEqual([during]);
  expect(await bench.found('dave', 'palavra')).toEqual([]);
  expect(await bench.found('alice', 'palavra')).toEqual([after, during, before]);
  await bench.ask(`POST /rooms/${bench.room}/forget`, { token: bench.token('carol'), body: {} });
  expect(await bench.found('carol', 'palavra')).toEqual([]);
});

test('neither a count nor a further page tells of what the searcher may not see', async () => {
  await using bench = await workbench();
  await bench.state('alice', 'm.room.history_visibility', { history_visibility: 'joined' });
  for (const text of ['a senha velha', 'outra senha', 'senha']) await bench.say('alice', text);
  await bench.enter('carol');
  const own = await bench.say('carol', 'senha');
  for (const order_by of ['recent', 'rank'])
    for (const limit of [0, 1, 2, 10]) {
      const criteria = { search_term: 'senha', order_by, filter: { limit } };
      const found = await bench.search('carol', criteria);
      expect([limit, found.count, idsIn(found)]).toEqual([limit, 1, limit > 0 ? [own] : []]);
      if (limit > 1) expect(found).not.toHaveProperty('next_batch');
      else if (limit > 0) {
        const next = await bench.search('carol', criteria, found.next_batch);
        expect([next.count, idsIn(next), next.next_batch]).toEqual([1, [], undefined]);
      }
    }
});

test('who is ignored is not found, but for what they made of the room', async () => {
  await using bench = await workbench();
  const topic = await bench.state('alice', 'm.room.topic', { topic: 'barulho' });
  await bench.say('alice', 'barulho');
  await bench.ask('PUT /user/@bob:example.org/account_data/m.ignored_user_list', {
    token: bench.token('bob'),
    body: { ignored_users: { '@alice:example.org': {} } },
  });
  expect(await bench.found('bob', 'barulho')).toEqual([topic]);
});

test('a filter narrows by room, sender and type', async () => {
  await using bench = await workbench();
  const other = await bench.newRoom('alice', ['bob']);
  const here = await bench.say('alice', 'palavra');
  const there = await bench.say('bob', 'palavra', other);
  const withUrl = await bench.send('alice', 'm.room.message', {
    body: 'palavra',
    url: 'mxc://x/y',
  });
  const filtered = (filter: JsonObject) => bench.found('bob', 'palavra', { filter });
  expect(await filtered({})).toEqual([withUrl, there, here]);
  expect(await filtered({ rooms: [other] })).toEqual([there]);
  expect(await filtered({ not_rooms: [other] })).toEqual([withUrl, here]);
  expect(await filtered({ senders: ['@bob:example.org'] })).toEqual([there]);
  expect(await filtered({ not_senders: ['@bob:example.org'] })).toEqual([withUrl, here]);
  expect(await filtered({ types: ['m.room.topic'] })).toEqual([]);
  expect(await filtered({ contains_url: true })).toEqual([withUrl]);
  expect(await filtered({ limit: 1 })).toEqual([withUrl]);
  expect(await filtered({ limit: 0 })).toEqual([]);
});

test('a room that was upgraded is searched along with the one that took its place', async () => {
  await using bench = await workbench();
  const before = await bench.say('alice', 'mudança');
  const { body } = await bench.ask(`POST /rooms/${bench.room}/upgrade`, {
    token: bench.token('alice'),
    body: { new_version: '11' },
  });
  const next = body.replacement_room;
  await bench.enter('bob', next);
  const after = await bench.say('alice', 'mudança', next);
  const filtered = (filter: JsonObject) => bench.found('bob', 'mudança', { filter });
  expect(await filtered({ rooms: [next] })).toEqual([after, before]);
  expect(await filtered({ rooms: [bench.room] })).toEqual([before]);
  expect(await filtered({ rooms: [next], not_rooms: [bench.room] })).toEqual([after]);
});

test('pages go on behind each other until the end, by time and by rank, and tell the same count', async () => {
  await using bench = await workbench();
  const said: string[] = [];
  for (const times of [1, 3, 2, 1, 3]) said.push(await bench.say('alice', 'sol '.repeat(times)));
  const [a, b, c, d, e] = said;
  const pages = async (order_by: string) => {
    const all: string[][] = [];
    for (let next: string | undefined = ''; next !== undefined; ) {
      const criteria = { search_term: 'sol', order_by, filter: { limit: 2 } };
      const page = await bench.search('bob', criteria, next);
      expect(page.count).toBe(5);
      all.push(idsIn(page));
      next = page.next_batch;
    }
    return all;
  };
  expect(await pages('recent')).toEqual([[e, d], [c, b], [a]]);
  expect(await pages('rank')).toEqual([[e, b], [c, d], [a]]);
});

test('a full page goes on, to an empty one where it was the last', async () => {
  await using bench = await workbench();
  const [one, two] = [await bench.say('alice', 'lua'), await bench.say('alice', 'lua')];
  for (const order_by of ['recent', 'rank']) {
    const criteria = { search_term: 'lua', order_by, filter: { limit: 2 } };
    const full = await bench.search('bob', criteria);
    expect([full.count, idsIn(full)]).toEqual([2, [two, one]]);
    const empty = await bench.search('bob', criteria, full.next_batch);
    expect([empty.count, idsIn(empty)]).toEqual([2, []]);
    expect(empty).not.toHaveProperty('next_batch');
  }
});

test('results come with what was said around them, and what its senders were called then', async () => {
  await using bench = await workbench();
  await bench.call('alice', 'Alice');
  const said: string[] = [];
  for (const body of ['um', 'dois', 'agulha', 'quatro', 'cinco'])
    said.push(await bench.say('alice', body));
  await bench.call('alice', 'Later');
  const event_context = { before_limit: 1, after_limit: 2, include_profile: true };
  const { results } = await bench.search('bob', { search_term: 'agulha', event_context });
  const { context, result } = results[0];
  expect(result.event_id).toBe(said[2]);
  expect(idsOf(context.events_before)).toEqual([said[1]]);
  expect(idsOf(context.events_after)).toEqual([said[3], said[4]]);
  expect(context.profile_info).toEqual({ '@alice:example.org': { displayname: 'Alice' } });
  const back = `/rooms/${bench.room}/messages?dir=b&limit=1&from=${context.start}`;
  const { body } = await bench.ask(`GET ${back}`, { token: bench.token('bob') });
  expect(idsOf(body.chunk)).toEqual([said[0]]);
});

test('a result stands between the two said before it, the later one first, and the two said after it', async () => {
  await using bench = await workbench();
  for (let n = 1; n <= 7; n += 1) await bench.say('alice', `Message number ${n}`);
  const criteria = {
    ...{ keys: ['content.body'], search_term: 'Message 4', order_by: 'recent' },
    filter: { limit: 1, rooms: [bench.room] },
    event_context: { before_limit: 2, after_limit: 2 },
  };
  const { count, results } = await bench.search('alice', criteria);
  const said = (events: { content: { body: string } }[]) => events.map((each) => each.content.body);
  const { result, context } = results[0];
  expect([count, ...said([result])]).toEqual([1, 'Message number 4']);
  expect(said(context.events_before)).toEqual(['Message number 3', 'Message number 2']);
  expect(said(context.events_after)).toEqual(['Message number 5', 'Message number 6']);
});

test('results are grouped by room and by sender, and a group goes on by itself', async () => {
  await using bench = await workbench();
  const other = await bench.newRoom('alice', ['bob']);
  const one = await bench.say('alice', 'grupo');
  const two = await bench.say('alice', 'grupo', other);
  const three = await bench.say('bob', 'grupo');
  const criteria = {
    search_term: 'grupo',
    order_by: 'recent',
    filter: { limit: 2 },
    groupings: { group_by: [{ key: 'room_id' }, { key: 'sender' }] },
  };
  const { groups } = await bench.search('bob', criteria);
  expect(groups.room_id[bench.room]).toMatchObject({ order: 1, results: [three] });
  expect(groups.room_id[other]).toMatchObject({ order: 2, results: [two] });
  expect(groups.sender['@alice:example.org'].results).toEqual([two]);
  const next = await bench.search('bob', criteria, groups.room_id[bench.room].next_batch);
  expect(idsIn(next)).toEqual([one]);
  const none = await bench.search('bob', criteria, groups.sender['@bob:example.org'].next_batch);
  expect(idsIn(none)).toEqual([]);
});

test('the state of the rooms is told along, of a room that was left as it was then', async () => {
  await using bench = await workbench();
  await bench.enter('carol');
  await bench.say('alice', 'estado');
  await bench.ask(`POST /rooms/${bench.room}/leave`, { token: bench.token('carol'), body: {} });
  await bench.state('alice', 'm.room.name', { name: 'Later' });
  const typesFor = async (who: string) => {
    const { state } = await bench.search(who, { search_term: 'estado', include_state: true });
    expect(Object.keys(state)).toEqual([bench.room]);
    return state[bench.room].map(({ type }: { type: string }) => type);
  };
  expect(await typesFor('bob')).toContain('m.room.name');
  expect(await typesFor('carol')).toContain('m.room.create');
  expect(await typesFor('carol')).not.toContain('m.room.name');
});

test('who is invited finds what was said since, and is not told the state of the room', async () => {
  await using bench = await workbench();
  await bench.state('alice', 'm.room.history_visibility', { history_visibility: 'invited' });
  await bench.say('alice', 'convite antes');
  await bench.ask(`POST /rooms/${bench.room}/invite`, {
    token: bench.token('alice'),
    body: { user_id: '@carol:example.org' },
  });
  const since = await bench.say('alice', 'convite depois');
  const criteria = { search_term: 'convite', include_state: true };
  const found = await bench.search('carol', criteria);
  expect([idsIn(found), found.state]).toEqual([[since], {}]);
});

test('rooms whose state would make the answer too large are told of on the next page', async () => {
  await using bench = await workbench();
  const small = await bench.say('alice', 'estado', await bench.newRoom('bob', ['alice']));
  const large = await bench.say('alice', 'estado');
  const content = { text: 'x'.repeat(60_000) };
  for (let at = 0; at < 72; at++) await bench.state('alice', `x.${at}`, content);
  const criteria = { search_term: 'estado', order_by: 'recent', include_state: true };
  const first = await bench.search('bob', criteria);
  expect([idsIn(first), Object.keys(first.state)]).toEqual([[large], [bench.room]]);
  const second = await bench.search('bob', criteria, first.next_batch);
  expect([idsIn(second), second.next_batch]).toEqual([[small], undefined]);
});

test('what was said while nothing followed is found by the next writer, as what was redacted is not', async () => {
  await using fresh = await freshDatabase();
  await using first = await workbench({ search: undefined, fresh });
  const [gone, kept] = [
    await first.say('alice', 'antes um'),
    await first.say('alice', 'antes dois'),
  ];
  await first.redact('alice', gone);
  await using second = await first.next({ search: ['simple'] });
  expect(await second.found('bob', 'antes')).toEqual([kept]);
  const later = await second.say('alice', 'antes tres');
  await using third = await second.next({ search: ['simple'] });
  expect(await third.found('bob', 'antes')).toEqual([later, kept]);
  await using fourth = await third.next({ search: ['english'] });
  expect(await fourth.found('bob', 'antes')).toEqual([later, kept]);
  expect(await fourth.documents()).toBe(2);
});

test.each([
  ['no category', {}, undefined, 400, 'M_BAD_JSON'],
  ['no term', { search_categories: { room_events: {} } }, undefined, 400, 'M_BAD_JSON'],
  ['a term that is no text', asked({ search_term: 7 }), undefined, 400, 'M_BAD_JSON'],
  ['a key that is none', asked({ keys: ['content.x'] }), undefined, 400, 'M_BAD_JSON'],
  ['an order that is none', asked({ order_by: 'best' }), undefined, 400, 'M_BAD_JSON'],
  ['a filter that is none', asked({ filter: { limit: -1 } }), undefined, 400, 'M_BAD_JSON'],
  [
    'a group that is none',
    asked({ groupings: { group_by: [{ key: 'x' }] } }),
    undefined,
    400,
    'M_BAD_JSON',
  ],
  ['a token of nobody', asked({}), 'nonsense', 400, 'M_INVALID_PARAM'],
  [
    'a token of no sender',
    asked({}),
    tokenOf(9, 9, null, ['sender', 'a\0']),
    400,
    'M_INVALID_PARAM',
  ],
  ['a token of no number', asked({}), tokenOf(-1, 9, null, null), 400, 'M_INVALID_PARAM'],
])('%s is refused', async (_what, body, next_batch, status, errcode) => {
  await using bench = await workbench();
  const query = next_batch === undefined ? '' : `?next_batch=${next_batch}`;
  const reply = await bench.ask(`POST /search${query}`, { token: bench.token('bob'), body });
  expect([reply.status, reply.body.errcode]).toEqual([status, errcode]);
});

test('who asks for no category is told of none', async () => {
  await using bench = await workbench();
  const { body } = await bench.ask('POST /search', {
    token: bench.token('bob'),
    body: { search_categories: {} },
  });
  expect(body).toEqual({ search_categories: {} });
});

function tokenOf(...token: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function asked(criteria: JsonObject): JsonObject {
  return { search_categories: { room_events: { search_term: 'x', ...criteria } } };
}

interface Found {
  readonly results: readonly { readonly result: { readonly event_id: string } }[];
}

const idsIn = ({ results }: Found) => results.map(({ result }) => result.event_id);
const idsOf = (events: readonly { event_id: string }[]) => events.map(({ event_id }) => event_id);

type Options = Pick<ApiOptions, 'search' | 'fresh'>;

/** Alice has a room, in which bob is; carol and dave are in none. */
async function workbench(options: Options = {}, room_version = '11') {
  const server = await startApi({ search: ['simple'], ...options });
  const tokens = new Map<string, string>();
  for (const who of ['alice', 'bob', 'carol', 'dave']) tokens.set(who, await server.register(who));
  const bench = benchOf(server, tokens, '');
  return benchOf(server, tokens, await bench.newRoom('alice', ['bob'], room_version));
}

function benchOf(server: ApiServer, tokens: ReadonlyMap<string, string>, room: string) {
  const { ask } = server;
  const token = (who: string) => tokens.get(who)!;
  let stopped: PromiseLike<void> | undefined;
  const send = async (who: string, type: string, content: JsonObject, roomId = room) => {
    const path = `/rooms/${roomId}/send/${type}/${randomUUID()}`;
    const { body } = await ask(`PUT ${path}`, { token: token(who), body: content });
    return body.event_id as string;
  };
  const search = async (who: string, criteria: JsonObject, next = '') => {
    await bench.indexed();
    return searchAtOnce(who, criteria, next);
  };
  const searchAtOnce = async (who: string, criteria: JsonObject, next = '') => {
    const query = next === '' ? '' : `?next_batch=${next}`;
    const reply = await ask(`POST /search${query}`, { token: token(who), body: asked(criteria) });
    expect(reply).toMatchObject({ status: 200 });
    return reply.body.search_categories.room_events;
  };
  const bench = {
    ...{ ask, token, room, send, search },
    say: (who: string, text: string, roomId = room) =>
      send(who, 'm.room.message', { msgtype: 'm.text', body: text }, roomId),
    async state(who: string, type: string, content: JsonObject) {
      const path = `/rooms/${room}/state/${type}/`;
      return (await ask(`PUT ${path}`, { token: token(who), body: content })).body.event_id;
    },
    async redact(who: string, eventId: string) {
      const path = `/rooms/${room}/redact/${encodeURIComponent(eventId)}/${randomUUID()}`;
      return (await ask(`PUT ${path}`, { token: token(who), body: {} })).body.event_id;
    },
    async newRoom(who: string, others: readonly string[], room_version = '11') {
      const body = { preset: 'public_chat', room_version };
      const made = (await ask('POST /createRoom', { token: token(who), body })).body.room_id;
      for (const each of others) await bench.enter(each, made);
      return made as string;
    },
    async call(who: string, displayname: string) {
      const path = `/profile/@${who}:example.org/displayname`;
      await ask(`PUT ${path}`, { token: token(who), body: { displayname } });
    },
    async enter(who: string, roomId = room) {
      await ask(`POST /join/${roomId}`, { token: token(who), body: {} });
    },
    /** All that is committed is found, or not, by now. */
    async indexed() {
      const { position } = server.writer.committed;
      await server.features.searchIndex.reaches(position, INDEXED_WITHIN_MS);
      expect(server.features.searchIndex.position).toBeGreaterThanOrEqual(position);
    },
    /** The newest first. */
    found: async (who: string, search_term: string, criteria: JsonObject = {}) =>
      idsIn(await search(who, { search_term, order_by: 'recent', ...criteria })),
    foundAtOnce: async (who: string, search_term: string) =>
      idsIn(await searchAtOnce(who, { search_term, order_by: 'recent' })),
    async documents() {
      const sql = 'SELECT count(*) AS count FROM search_document';
      return (await server.fresh.database.query<{ count: number }>('count', sql))[0]?.count;
    },
    /** Another writer on the same database. */
    async next(options: Options) {
      await bench.stop();
      return benchOf(await startApi({ ...options, fresh: server.fresh }), tokens, room);
    },
    stop: () => (stopped ??= server[Symbol.asyncDispose]()),
    [Symbol.asyncDispose]: () => bench.stop(),
  };
  return bench;
}
