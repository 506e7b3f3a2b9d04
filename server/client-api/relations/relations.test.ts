import { expect, test } from 'vitest';
import { type ApiOptions, type ApiServer, startApi } from '../../../test/support/api-server.ts';
import type { JsonObject } from '../../protocol/json.ts';

test('what relates to an event is listed newest first, by kind and type, in pages either way', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const said = [
    await bench.say('bob', 'in the thread', thread(root)),
    await bench.react('bob', root, '👍'),
    await bench.say('bob', 'see above', { rel_type: 'm.reference', event_id: root }),
  ];
  await bench.say('bob', 'something else');
  const ids = async (rest: string) => idsIn(await bench.relations('alice', `${root}${rest}`));
  expect(await ids('')).toEqual(said.toReversed());
  expect(await ids('?dir=f')).toEqual(said);
  expect(await ids('/m.annotation')).toEqual([said[1]]);
  expect(await ids('/m.thread/m.room.message')).toEqual([said[0]]);
  expect(await ids('/m.thread/m.reaction')).toEqual([]);
  const first = await bench.relations('alice', `${root}?limit=2`);
  expect(idsIn(first)).toEqual([said[2], said[1]]);
  expect(first).not.toHaveProperty('prev_batch');
  const second = await bench.relations('alice', `${root}?limit=2&from=${first.next_batch}`);
  expect(idsIn(second)).toEqual([said[0]]);
  expect(second).not.toHaveProperty('next_batch');
  expect(second.prev_batch).toBe(first.next_batch);
  expect(await ids(`?from=${first.next_batch}&dir=f`)).toEqual([said[1], said[2]]);
  expect(await ids(`?to=${first.next_batch}`)).toEqual([said[2], said[1]]);
});

test('a filter by what relates to events lets those through to which something does that the reader may know', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const other = await bench.say('alice', 'other');
  await bench.say('bob', 'in the thread', thread(root));
  const reaction = await bench.react('alice', other, '👍');
  const last = await bench.say('bob', 'last');
  const [alice, bob] = ['@alice:example.org', '@bob:example.org'];
  const found = async (by: JsonObject, who = 'alice') => {
    const filter = { related_by_rel_types: by.types, related_by_senders: by.senders };
    const json = encodeURIComponent(JSON.stringify(filter));
    const inTimeline = { room: { timeline: { ...filter, limit: 50 } } };
    const paged = await bench.get(who, `/rooms/${bench.room}/messages?dir=b&filter=${json}`);
    const at = `/rooms/${bench.room}/context/${encodeURIComponent(last)}`;
    const around = await bench.get(who, `${at}?limit=50&filter=${json}`);
    const path = `/sync?filter=${encodeURIComponent(JSON.stringify(inTimeline))}`;
    const synced = await bench.ask(`GET ${path}`, { token: bench.token(who) });
    const { events } = synced.body.rooms.join[decodeURIComponent(bench.room)].timeline;
    const ids = idsIn(paged);
    expect(idsIn({ chunk: events }).toReversed()).toEqual(ids);
    expect(idsIn({ chunk: around.events_before! })).toEqual(ids);
    return ids;
  };
  expect(await found({ types: ['m.thread'] })).toEqual([root]);
  expect(await found({ types: ['m.thread', 'm.annotation'] })).toEqual([other, root]);
  expect(await found({ senders: [bob] })).toEqual([root]);
  expect(await found({ senders: [alice], types: ['m.annotation'] })).toEqual([other]);
  expect(await found({ senders: [bob], types: ['m.annotation'] })).toEqual([]);
  expect(await found({ types: [] })).toEqual([]);
  await bench.ignore('alice', 'bob');
  expect(await found({ types: ['m.thread', 'm.annotation'] })).toEqual([other]);
  await bench.redact('alice', reaction);
  expect(await found({ types: ['m.annotation'] }, 'bob')).toEqual([]);
  const wrong = encodeURIComponent('{"related_by_senders":["bob"]}');
  const token = bench.token('alice');
  const path = `GET /rooms/${bench.room}/messages?dir=b&filter=${wrong}`;
  expect((await bench.ask(path, { token })).status).toBe(400);
});

test('what relates to what relates to an event is listed where it is asked for, three levels deep', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const said = [root];
  for (let level = 1; level <= 4; level++)
    said.push(
      await bench.say('bob', `${level}`, { rel_type: 'm.reference', event_id: said.at(-1)! }),
    );
  const reaction = await bench.react('alice', said[2]!, '👍');
  const flat = await bench.relations('alice', `${root}?recurse=false`);
  expect([idsIn(flat), flat.recursion_depth]).toEqual([[said[1]], 1]);
  const deep = await bench.relations('alice', `${root}?recurse=true`);
  expect([idsIn(deep), deep.recursion_depth]).toEqual([[reaction, said[3], said[2], said[1]], 3]);
  const old = await bench.relations('alice', `${root}?org.matrix.msc3981.recurse=true`);
  expect(old).toEqual(deep);
  const reactions = await bench.relations('alice', `${root}/m.annotation?recurse=true&dir=f`);
  expect(idsIn(reactions)).toEqual([reaction]);
  expect(await bench.relations('alice', root)).not.toHaveProperty('recursion_depth');
});

test('what relates to an event that one may not see is not found', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  for (const [who, id] of [
    ['mallory', root],
    ['alice', '$nobodys'],
  ] as const) {
    const path = `/_matrix/client/v1/rooms/${bench.room}/relations/${id}`;
    const { status, body } = await bench.ask(`GET ${path}`, { token: bench.token(who) });
    expect([status, body.errcode]).toEqual([404, 'M_NOT_FOUND']);
  }
});

test('an event comes with its newest edit, the size and end of its thread, and its references, everywhere', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  await bench.edit('alice', root, 'root, once edited');
  bench.clock.ms += 1;
  const edit = await bench.edit('alice', root, 'root, twice edited');
  await bench.say('alice', 'first', thread(root));
  const last = await bench.say('alice', 'last', thread(root));
  const lastEdit = await bench.edit('alice', last, 'last, edited');
  const reference = await bench.say('bob', 'see', { rel_type: 'm.reference', event_id: root });
  const expected = {
    'm.replace': { event_id: edit, content: { body: '* root, twice edited' } },
    'm.thread': {
      count: 2,
      current_user_participated: false,
      latest_event: {
        event_id: last,
        unsigned: { 'm.relations': { 'm.replace': { event_id: lastEdit } } },
      },
    },
    'm.reference': { chunk: [{ event_id: reference }] },
  };
  for (const [where, event] of Object.entries(await bench.everywhere('bob', root)))
    expect([where, relationsIn(event)]).toMatchObject([where, expected]);
  await using later = await bench.restarted();
  for (const [where, event] of Object.entries(await later.everywhere('bob', root)))
    expect([where, relationsIn(event)]).toMatchObject([where, expected]);
});

test('an event to which nothing relates says nothing of it, nor does one that was only reacted to', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  await bench.react('bob', root, '👍');
  for (const event of Object.values(await bench.everywhere('alice', root)))
    expect(event.unsigned).not.toHaveProperty(['m.relations']);
});

test('an edit by somebody else, without new content, or of another type is none', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const replace = { rel_type: 'm.replace', event_id: root };
  const good = await bench.edit('alice', root, 'edited');
  bench.clock.ms += 1;
  await bench.edit('bob', root, 'forged');
  await bench.say('alice', 'no new content', replace);
  await bench.send('alice', 'm.sticker', { 'm.new_content': {}, 'm.relates_to': replace });
  expect(relationsIn(await bench.event('bob', root))).toMatchObject({
    'm.replace': { event_id: good },
  });
  await bench.edit('alice', good, 'an edit of an edit');
  expect((await bench.event('bob', good)).unsigned).not.toHaveProperty(['m.relations']);
});

test('of edits of one time that with the larger event id counts, else the later by its own time', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const edits = [];
  for (let n = 0; n < 4; n++) edits.push(await bench.edit('alice', root, `edit ${n}`));
  const newest = edits.toSorted().at(-1);
  expect(relationsIn(await bench.event('bob', root))).toMatchObject({
    'm.replace': { event_id: newest },
  });
  bench.clock.ms += 1;
  const later = await bench.edit('alice', root, 'later');
  bench.clock.ms -= 2;
  await bench.edit('alice', root, 'with a clock set back');
  expect(relationsIn(await bench.event('bob', root))).toMatchObject({
    'm.replace': { event_id: later },
  });
});

test('a redaction takes a relation away, and of a redacted event no edit is shown', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const edits = [await bench.edit('alice', root, 'one')];
  bench.clock.ms += 1;
  edits.push(await bench.edit('alice', root, 'two'));
  const replies = [
    await bench.say('bob', 'first', thread(root)),
    await bench.say('bob', 'last', thread(root)),
  ];
  await bench.redact('alice', edits[1]!);
  await bench.redact('bob', replies[1]!);
  expect(relationsIn(await bench.event('alice', root))).toMatchObject({
    'm.replace': { event_id: edits[0] },
    'm.thread': { count: 1, latest_event: { event_id: replies[0] } },
  });
  expect(idsIn(await bench.relations('alice', root))).toEqual([replies[0], edits[0]]);
  await bench.redact('alice', root);
  const { 'm.thread': rest, 'm.replace': edit } = relationsIn(await bench.event('alice', root));
  expect([rest, edit]).toMatchObject([{ count: 1 }, undefined]);
  await bench.redact('bob', replies[0]!);
  expect((await bench.event('alice', root)).unsigned).not.toHaveProperty(['m.relations']);
  expect((await bench.threads('alice')).chunk).toEqual([]);
});

test('whoever left is not told what was said since about what they may see', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  await bench.say('alice', 'before', thread(root));
  await bench.ask(`POST /rooms/${bench.room}/leave`, { token: bench.token('bob'), body: {} });
  await bench.edit('alice', root, 'edited behind his back');
  await bench.say('alice', 'after', thread(root));
  await bench.say('alice', 'after', { rel_type: 'm.reference', event_id: root });
  expect(relationsIn(await bench.event('bob', root))).toMatchObject({ 'm.thread': { count: 1 } });
  expect(Object.keys(relationsIn(await bench.event('bob', root)))).toEqual(['m.thread']);
  expect((await bench.relations('bob', root)).chunk).toHaveLength(1);
});

test('what ignored users say about an event is not for those who ignore them', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const own = await bench.say('alice', 'mine', thread(root));
  await bench.say('bob', 'his', thread(root));
  await bench.say('bob', 'his', { rel_type: 'm.reference', event_id: root });
  const bobs = await bench.say('bob', 'a root of his');
  await bench.say('alice', 'in it', thread(bobs));
  await bench.edit('bob', bobs, 'and edited');
  await bench.ignore('alice', 'bob');
  expect(relationsIn(await bench.event('alice', root))).toEqual({
    'm.thread': expect.objectContaining({ count: 1, current_user_participated: true }),
  });
  expect(idsIn(await bench.relations('alice', root))).toEqual([own]);
  const { chunk } = await bench.threads('alice');
  expect(chunk).toMatchObject([{ event_id: bobs, content: {} }, { event_id: root }]);
  expect((chunk as JsonObject[])[0]!.content).toEqual({});
  expect(relationsIn((chunk as JsonObject[])[0]!)).not.toHaveProperty(['m.replace']);
});

test('threads are listed by their newest event, in pages, and those alone in which one took part', async () => {
  await using bench = await workbench();
  const roots = [];
  for (const n of [0, 1, 2]) roots.push(await bench.say('alice', `root ${n}`));
  for (const n of [2, 0, 1]) await bench.say('alice', 'in it', thread(roots[n]!));
  await bench.say('bob', 'in it, too', thread(roots[2]!));
  const order = [roots[2], roots[1], roots[0]];
  expect(idsIn(await bench.threads('bob'))).toEqual(order);
  const first = await bench.threads('bob', '?limit=2');
  expect(idsIn(first)).toEqual(order.slice(0, 2));
  expect(idsIn(await bench.threads('bob', `?limit=2&from=${first.next_batch}`))).toEqual([
    roots[0],
  ]);
  expect(idsIn(await bench.threads('bob', '?include=participated'))).toEqual([roots[2]]);
  expect(idsIn(await bench.threads('alice', '?include=participated'))).toEqual(order);
  const { chunk } = await bench.threads('bob', '?limit=1');
  expect(relationsIn((chunk as JsonObject[])[0]!)).toMatchObject({
    'm.thread': { count: 2, current_user_participated: true },
  });
});

test('a thread whose newest event is redacted goes back to where the one before stands', async () => {
  await using bench = await workbench();
  const [one, two] = [await bench.say('alice', 'one'), await bench.say('alice', 'two')];
  await bench.say('alice', 'in one', thread(one));
  await bench.say('alice', 'in two', thread(two));
  const newest = await bench.say('alice', 'in one, again', thread(one));
  expect(idsIn(await bench.threads('bob'))).toEqual([one, two]);
  await bench.redact('alice', newest);
  expect(idsIn(await bench.threads('bob'))).toEqual([two, one]);
});

test('also what relates to an event from before a hundred other relations is found behind a restart', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const edit = await bench.edit('alice', root, 'edited');
  const poll = await bench.say('alice', 'poll');
  for (let n = 0; n < 101; n++)
    await bench.say('bob', `${n}`, { rel_type: 'm.reference', event_id: poll });
  await using later = await bench.restarted();
  const event = await later.event('bob', root);
  expect(relationsIn(event)).toMatchObject({ 'm.replace': { event_id: edit } });
  const references = relationsIn(await later.event('bob', poll))['m.reference'] as JsonObject;
  expect(references.chunk).toHaveLength(100);
});

test.each([
  ['mallory', '', 403, 'M_FORBIDDEN'],
  ['alice', '?from=nonsense', 400, 'M_INVALID_PARAM'],
  ['alice', '?limit=0', 400, 'M_INVALID_PARAM'],
  ['alice', '?include=mine', 400, 'M_INVALID_PARAM'],
])('threads asked for by %s with %s are refused', async (who, query, status, errcode) => {
  await using bench = await workbench();
  const path = `/_matrix/client/v1/rooms/${bench.room}/threads${query}`;
  const reply = await bench.ask(`GET ${path}`, { token: bench.token(who) });
  expect([reply.status, reply.body.errcode]).toEqual([status, errcode]);
});

test('a thread does not start within another, nor at an edit or a reaction', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const reply = await bench.say('alice', 'reply', thread(root));
  const body = { body: 'nested', msgtype: 'm.text', 'm.relates_to': thread(reply) };
  const sent = await bench.trySend('bob', 'm.room.message', body);
  expect([sent.status, sent.body.errcode]).toEqual([400, 'M_UNKNOWN']);
  await bench.say('bob', 'in the thread itself', thread(root));
});

test('the same reaction twice is refused until the first is redacted', async () => {
  await using bench = await workbench();
  const root = await bench.say('alice', 'root');
  const first = await bench.react('alice', root, '👍');
  await bench.react('alice', root, '🎉');
  await bench.react('bob', root, '👍');
  const content = { 'm.relates_to': { rel_type: 'm.annotation', event_id: root, key: '👍' } };
  const again = await bench.trySend('alice', 'm.reaction', content);
  expect([again.status, again.body.errcode]).toEqual([400, 'M_DUPLICATE_ANNOTATION']);
  await bench.redact('alice', first);
  await bench.send('alice', 'm.reaction', content);
});

test('to who is up to date a message comes without a look at what relates to it', async () => {
  const asked: string[] = [];
  await using bench = await workbench({
    reads: (database) => ({
      query(name, ...rest) {
        asked.push(name);
        return database.query(name, ...rest);
      },
    }),
  });
  const root = await bench.say('alice', 'root');
  let { next_batch } = await bench.sync('bob');
  for (const body of ['one', 'two']) {
    await bench.say('alice', body);
    next_batch = (await bench.sync('bob', next_batch as string)).next_batch;
  }
  await bench.say('alice', 'in a thread', thread(root));
  asked.length = 0;
  await bench.sync('bob', next_batch as string);
  expect(asked.filter((name) => ['relations_lately', 'bundles_of'].includes(name))).toEqual([]);
  await bench.event('bob', root);
  expect(asked).toContain('bundles_of');
});

const thread = (event_id: string) => ({ rel_type: 'm.thread', event_id });
const idsIn = ({ chunk }: JsonObject) => (chunk as JsonObject[]).map((each) => each.event_id);
const relationsIn = (event: JsonObject) =>
  (event.unsigned as JsonObject)['m.relations'] as JsonObject;

/** Alice and Bob in a room of theirs; Mallory is not in it. */
async function workbench(options: Pick<ApiOptions, 'reads'> = {}) {
  const api = await startApi(options);
  const tokens = new Map<string, string>();
  for (const who of ['alice', 'bob', 'mallory']) tokens.set(who, await api.register(who));
  const { body } = await api.ask('POST /createRoom', {
    token: tokens.get('alice'),
    body: { preset: 'public_chat' },
  });
  await api.ask(`POST /rooms/${encodeURIComponent(body.room_id)}/join`, {
    token: tokens.get('bob'),
    body: {},
  });
  return benchOn(api, tokens, body.room_id as string);
}

function benchOn(api: ApiServer, tokens: ReadonlyMap<string, string>, roomId: string) {
  const room = encodeURIComponent(roomId);
  let txn = 0;
  const get = async (who: string, path: string): Promise<JsonObject> => {
    const { status, body } = await api.ask(`GET ${path}`, { token: tokens.get(who) });
    expect([path, status]).toEqual([path, 200]);
    return body;
  };
  const bench = {
    ...api,
    ...{ room, get },
    token: (who: string) => tokens.get(who),
    trySend: (who: string, type: string, content: JsonObject) =>
      api.ask(`PUT /rooms/${room}/send/${type}/t${txn++}${Date.now()}`, {
        token: tokens.get(who),
        body: content,
      }),
    async send(who: string, type: string, content: JsonObject): Promise<string> {
      const { status, body } = await bench.trySend(who, type, content);
      expect([body, status]).toEqual([{ event_id: expect.any(String) }, 200]);
      return body.event_id as string;
    },
    say: (who: string, body: string, relation?: JsonObject) =>
      bench.send(who, 'm.room.message', {
        ...{ msgtype: 'm.text', body },
        ...(relation && { 'm.relates_to': relation }),
      }),
    edit: (who: string, event_id: string, body: string) =>
      bench.send(who, 'm.room.message', {
        ...{ msgtype: 'm.text', body: `* ${body}` },
        'm.new_content': { msgtype: 'm.text', body },
        'm.relates_to': { rel_type: 'm.replace', event_id },
      }),
    react: (who: string, event_id: string, key: string) =>
      bench.send(who, 'm.reaction', {
        'm.relates_to': { rel_type: 'm.annotation', event_id, key },
      }),
    async redact(who: string, eventId: string) {
      const path = `/rooms/${room}/redact/${encodeURIComponent(eventId)}/t${txn++}${Date.now()}`;
      const { status } = await api.ask(`PUT ${path}`, { token: tokens.get(who), body: {} });
      expect(status).toBe(200);
    },
    ignore: (who: string, whom: string) =>
      api.ask(`PUT /user/@${who}:example.org/account_data/m.ignored_user_list`, {
        token: tokens.get(who),
        body: { ignored_users: { [`@${whom}:example.org`]: {} } },
      }),
    relations: (who: string, rest: string) =>
      get(who, `/_matrix/client/v1/rooms/${room}/relations/${rest}`),
    threads: (who: string, query = '') =>
      get(who, `/_matrix/client/v1/rooms/${room}/threads${query}`),
    event: (who: string, eventId: string) =>
      get(who, `/rooms/${room}/event/${encodeURIComponent(eventId)}`),
    sync: (who: string, since?: string) =>
      get(who, `/sync?timeout=0${since === undefined ? '' : `&since=${since}`}`),
    /** The event as each endpoint gives it out. */
    async everywhere(who: string, eventId: string): Promise<Record<string, JsonObject>> {
      const id = encodeURIComponent(eventId);
      const pick = (events: unknown) =>
        (events as JsonObject[]).find((event) => event.event_id === eventId)!;
      const context = await get(who, `/rooms/${room}/context/${id}?limit=20`);
      const next = pick(context.events_after) ?? context.event;
      const after = (context.events_after as JsonObject[])[0]?.event_id as string;
      const around = await get(who, `/rooms/${room}/context/${encodeURIComponent(after)}?limit=50`);
      const filter = encodeURIComponent('{"room":{"timeline":{"limit":50}}}');
      const sync = (await get(who, `/sync?filter=${filter}`)) as never as {
        rooms: { join: Record<string, { timeline: { events: JsonObject[] } }> };
      };
      return {
        event: await bench.event(who, eventId),
        messages: pick((await get(who, `/rooms/${room}/messages?dir=b&limit=50`)).chunk),
        context: next as JsonObject,
        'context, before': pick(around.events_before),
        sync: pick(sync.rooms.join[roomId]!.timeline.events),
      };
    },
    async restarted() {
      await api.writer.close();
      return benchOn(await startApi({ fresh: api.fresh }), tokens, roomId);
    },
  };
  return bench;
}
