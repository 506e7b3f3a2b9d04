import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { openRoomServer } from '../../../test/support/room-server.ts';
import { alice, bob, carol } from '../../../test/support/rooms.ts';
import { encodeSyncToken } from '../../log/token.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { encodePlace } from '../../rooms/pagination-token.ts';

test('messages are paged back to the first event, and there is no token behind it', async () => {
  await using bench = await workbench();
  const seen: unknown[] = [];
  for (let from = ''; ; ) {
    const page = await bench.messages(`dir=b&limit=4${from && `&from=${from}`}`);
    seen.push(...types(page.chunk));
    if (typeof page.end !== 'string') break;
    from = page.end;
  }
  expect(seen.at(-1)).toBe('m.room.create');
  expect(seen.filter((type) => type === 'm.room.message').length).toBe(3);
});

test('a live token of /sync and a topological one are taken alike, in either direction', async () => {
  await using bench = await workbench();
  const live = bench.tokenAt(1);
  const back = await bench.messages(`dir=b&limit=2&from=${live}`);
  expect(bodies(back.chunk)).toEqual(['1', '0']);
  const forth = await bench.messages(`dir=f&from=${live}`);
  expect(bodies(forth.chunk)).toEqual(['2']);
  const again = await bench.messages(`dir=f&from=${back.end}&to=${live}`);
  expect(bodies(again.chunk)).toEqual(['0', '1']);
  expect(back.start).toBe(live);
});

test('a message that says it stands at the beginning of the room hides nothing that was said before it', async () => {
  await using bench = await workbench();
  const all = ['0', '1', '2'];
  const live = bench.tokenAt(2);
  await bench.setDepth(2, 1);
  const whole = await bench.messages('dir=b&limit=100');
  expect(bodies(whole.chunk).filter(Boolean)).toEqual(['1', '0', '2']);
  const behind = await bench.messages(`dir=b&limit=2&from=${live}`);
  expect(bodies(behind.chunk)).toEqual(['1', '0']);
  const first = await bench.ask('alice', 'GET', `${bench.at}/initialSync?limit=2`);
  expect(bodies((first.json.messages as JsonObject).chunk)).toEqual(['0', '1']);
  const forth = await bench.messages(`dir=f&limit=100&from=${bench.tokenAt(1)}`);
  expect(bodies(forth.chunk).filter(Boolean)).toEqual(['2', ...all.slice(0, 2)]);
  const between = `dir=b&limit=100&from=${live}&to=${bench.tokenAt(1)}`;
  expect(bodies((await bench.messages(between)).chunk)).toContain('2');
});

test('whoever has left finds what was said before, and says it stands behind their leaving', async () => {
  await using bench = await workbench();
  await bench.ask('alice', 'POST', `${bench.at}/invite`, { user_id: bob });
  await bench.ask('bob', 'POST', `${bench.at}/join`);
  await bench.setDepth(0, 1_000);
  await bench.ask('bob', 'POST', `${bench.at}/leave`);
  const { json } = await bench.ask('bob', 'GET', `${bench.at}/messages?dir=b&limit=100`);
  expect(bodies(json.chunk).filter(Boolean)).toEqual(['0', '2', '1']);
});

test('the event nearest to a moment is found, before it or behind it, among those that one may see', async () => {
  await using bench = await workbench();
  const nearest = async (user: string, ts: number, dir: string) => {
    const path = `/_matrix/client/v1${bench.at}/timestamp_to_event?ts=${ts}&dir=${dir}`;
    const { status, json } = await bench.ask(user, 'GET', path);
    return [status, json.event_id ?? json.errcode, json.origin_server_ts];
  };
  const page = await bench.messages('dir=f&limit=100');
  const all = (page.chunk as JsonObject[]).map(({ event_id, origin_server_ts }) => ({
    ...{ id: event_id as string, ts: origin_server_ts as number },
  }));
  const [first, last] = [all[0]!, all.at(-1)!];
  for (const { ts } of all) {
    const [first, last] = [
      all.find((each) => each.ts === ts),
      all.findLast((each) => each.ts === ts),
    ];
    expect(await nearest('alice', ts, 'f')).toEqual([200, first!.id, ts]);
    expect(await nearest('alice', ts, 'b')).toEqual([200, last!.id, ts]);
  }
  expect(await nearest('alice', 0, 'f')).toEqual([200, first.id, first.ts]);
  expect(await nearest('alice', last.ts + 1_000_000, 'b')).toEqual([200, last.id, last.ts]);
  const nothing = [404, 'M_NOT_FOUND', undefined];
  expect(await nearest('alice', 0, 'b')).toEqual(nothing);
  expect(await nearest('alice', last.ts + 1_000_000, 'f')).toEqual(nothing);
  expect(await nearest('bob', 0, 'f')).toEqual([403, 'M_FORBIDDEN', undefined]);
  const shown = { history_visibility: 'joined' };
  const type = 'm.room.history_visibility';
  await bench.setState(bench.roomId, { sender: alice, type, stateKey: '', content: shown });
  await bench.say(bench.roomId, alice, 'before Bob');
  await bench.ask('alice', 'POST', `${bench.at}/invite`, { user_id: bob });
  await bench.ask('bob', 'POST', `${bench.at}/join`);
  const [, joined, joinedTs] = await nearest('bob', last.ts + 3, 'f');
  const event = await bench.ask('bob', 'GET', `${bench.at}/event/${joined}`);
  expect(event.json).toMatchObject({ type: 'm.room.member', state_key: bob });
  await bench.ask('bob', 'POST', `${bench.at}/leave`);
  await bench.say(bench.roomId, alice, 'behind Bob');
  const [, left] = await nearest('bob', (joinedTs as number) + 1_000_000, 'b');
  const leave = await bench.ask('bob', 'GET', `${bench.at}/event/${left}`);
  expect(leave.json).toMatchObject({ type: 'm.room.member', content: { membership: 'leave' } });
});

test('without a direction history is told from its beginning', async () => {
  await using bench = await workbench();
  const forth = await bench.messages('dir=f&limit=2');
  expect(types((await bench.messages('limit=2')).chunk)).toEqual(types(forth.chunk));
  expect(types(forth.chunk)[0]).toBe('m.room.create');
});

test('with lazy loading the senders come along', async () => {
  await using bench = await workbench();
  const filter = encodeURIComponent('{"lazy_load_members":true,"types":["m.room.message"]}');
  const page = await bench.messages(`dir=b&limit=2&filter=${filter}`);
  expect(bodies(page.chunk)).toEqual(['2', '1']);
  expect((page.state as JsonObject[]).map((event) => event.state_key)).toEqual([alice]);
  const plain = await bench.messages('dir=b&limit=2');
  expect(plain).not.toHaveProperty('state');
});

test('whoever has left reads up to their leaving, and who was never there nothing', async () => {
  await using bench = await workbench();
  expect((await bench.ask('bob', 'GET', `${bench.at}/messages?dir=b`)).status).toBe(403);
  await bench.rooms.changeMembership(
    bench.roomId,
    { sender: alice, target: bob, action: 'invite' },
    {},
  );
  expect((await bench.ask('bob', 'GET', `${bench.at}/messages?dir=b`)).status).toBe(403);
  await bench.ask('bob', 'POST', `${bench.at}/join`);
  await bench.ask('bob', 'POST', `${bench.at}/leave`);
  await bench.setState(bench.roomId, {
    sender: alice,
    type: 'm.room.topic',
    stateKey: '',
    content: { topic: 'not for Bob' },
  });
  await bench.say(bench.roomId, alice, 'behind his back');
  const page = (await bench.ask('bob', 'GET', `${bench.at}/messages?dir=b&limit=5`)).json;
  expect(types(page.chunk)[0]).toBe('m.room.member');
  expect((await bench.ask('bob', 'GET', `${bench.at}/state/m.room.topic`)).status).toBe(404);
  const members = await bench.ask('bob', 'GET', `${bench.at}/members?membership=leave`);
  expect((members.json.chunk as JsonObject[]).map((event) => event.state_key)).toEqual([bob]);
  await bench.ask('bob', 'POST', `${bench.at}/forget`);
  expect((await bench.ask('bob', 'GET', `${bench.at}/messages?dir=b`)).status).toBe(403);
});

test('a room is told at once to who is in it, who has left it, and whom it lets look in', async () => {
  await using bench = await workbench();
  const look = async (user: string, query = '') => {
    const answer = await bench.ask(user, 'GET', `${bench.at}/initialSync${query}`);
    const messages = answer.json.messages as JsonObject;
    const topic = (answer.json.state as JsonObject[])?.find(({ type }) => type === 'm.room.topic');
    return { ...answer.json, status: answer.status, messages, topic: topic?.content };
  };
  const topic = (text: string) =>
    bench.setState(bench.roomId, {
      ...{ sender: alice, type: 'm.room.topic', stateKey: '' },
      content: { topic: text },
    });
  await topic('old');
  expect((await look('bob')).status).toBe(403);
  await bench.ask('alice', 'POST', `${bench.at}/invite`, { user_id: bob });
  await bench.ask('bob', 'POST', `${bench.at}/join`);
  await bench.ask('bob', 'PUT', `/user/${bob}${bench.at}/account_data/x.y`, { mine: true });
  await bench.ask('bob', 'POST', `${bench.at}/leave`);
  await topic('new');
  const alices = await look('alice', '?limit=2');
  expect(alices).toMatchObject({
    ...{ room_id: bench.roomId, membership: 'join', visibility: 'private', account_data: [] },
    topic: { topic: 'new' },
  });
  const { chunk, start, end } = alices.messages;
  expect(types(chunk)).toEqual(['m.room.member', 'm.room.topic']);
  expect(types((await bench.messages(`dir=b&limit=1&from=${start}`)).chunk)).toEqual([
    'm.room.member',
  ]);
  await bench.say(bench.roomId, alice, 'since');
  expect(bodies((await bench.messages(`dir=f&from=${end}`)).chunk)).toEqual(['since']);
  const bobs = await look('bob', '?limit=1');
  expect(bobs).toMatchObject({
    ...{ membership: 'leave', topic: { topic: 'old' } },
    account_data: [{ type: 'x.y', content: { mine: true } }],
  });
  expect((bobs.messages.chunk as JsonObject[])[0]).toMatchObject({ state_key: bob });
  await bench.setVisibility('world_readable');
  expect(await look('bob')).toMatchObject({ status: 200, topic: { topic: 'new' } });
  expect((await look('alice', '?limit=x')).status).toBe(400);
});

test('a forgotten room is as unreadable as one that one was never in, by whatever endpoint', async () => {
  await using bench = await workbench();
  const [first] = bench.events;
  await bench.ask('alice', 'POST', `${bench.at}/invite`, { user_id: bob });
  await bench.ask('bob', 'POST', `${bench.at}/join`);
  await bench.ask('bob', 'POST', `${bench.at}/leave`);
  const look = async () => {
    const paths = [`/event/${first}`, `/context/${first}`, '/messages?dir=b', '/members', '/state'];
    const answers = paths.map((path) => bench.ask('bob', 'GET', `${bench.at}${path}`));
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  expect(await look()).toEqual([200, 200, 200, 200, 200]);
  await bench.ask('bob', 'POST', `${bench.at}/forget`);
  expect(await look()).toEqual([404, 404, 403, 403, 403]);
  await bench.setVisibility('world_readable');
  const open = await bench.say(bench.roomId, alice, 'to all the world');
  expect((await bench.ask('bob', 'GET', `${bench.at}/event/${open}`)).status).toBe(200);
  expect((await bench.ask('bob', 'GET', `${bench.at}/event/${first}`)).status).toBe(404);
});

test('who was in the room is told of times only of which one may see an event', async () => {
  await using bench = await workbench();
  await bench.setVisibility('joined');
  await bench.ask('alice', 'POST', `${bench.at}/invite`, { user_id: carol });
  const secret = await bench.say(bench.roomId, alice, 'before Bob');
  await bench.rooms.changeMembership(
    bench.roomId,
    { sender: alice, target: carol, action: 'ban' },
    {},
  );
  await bench.ask('alice', 'POST', `${bench.at}/invite`, { user_id: bob });
  await bench.ask('bob', 'POST', `${bench.at}/join`);
  const room = (await bench.rooms.open(bench.roomId))!;
  const place = (await room.event(secret))!;
  const live = (position: number) =>
    encodeSyncToken({ epoch: 1, position, toDevice: 0, ephemeral: 0 });
  const members = async (user: string, at: string) => {
    const { status, json } = await bench.ask(user, 'GET', `${bench.at}/members?at=${at}`);
    const chunk = (json.chunk ?? []) as { state_key: string; content: JsonObject }[];
    return [
      status,
      Object.fromEntries(chunk.map((each) => [each.state_key, each.content.membership])),
    ];
  };
  for (const at of [live(place.nid), encodePlace(place)])
    expect(await members('bob', at)).toEqual([403, {}]);
  const now = [200, { [alice]: 'join', [bob]: 'join', [carol]: 'ban' }];
  expect(await members('bob', live(room.lastPosition + 1_000))).toEqual(now);
  expect(await members('bob', encodePlace({ depth: 1_000, nid: 0 }))).toEqual(now);
  const then = [200, { [alice]: 'join', [carol]: 'invite' }];
  expect(await members('alice', live(place.nid))).toEqual(then);
  // Not of a time when the position fits, but of the place: a number need not be one of this room.
  expect(await members('alice', encodePlace({ ...place, nid: place.nid + 1_000 }))).toEqual(then);
  await bench.ask('bob', 'POST', `${bench.at}/leave`);
  await bench.ask('alice', 'POST', `${bench.at}/unban`, { user_id: carol });
  // Her own first step in is older than the visibility of the room, so each member may see it.
  for (const who of ['alice', 'bob'])
    expect(await members(who, encodePlace({ depth: 0, nid: 0 }))).toEqual([
      ...[200, { [alice]: 'join' }],
    ]);
  const left = [200, { [alice]: 'join', [bob]: 'leave', [carol]: 'ban' }];
  expect(await members('bob', live(room.lastPosition + 1_000))).toEqual(left);
});

test.each([
  ['limit=0', 0],
  ['limit=1', 1],
  ['limit=999999999999999', 9],
  ['limit=2&filter={"limit":1}', 1],
])('a page of %s', async (query, count) => {
  await using bench = await workbench();
  const page = await bench.messages(`dir=b&${query.replace('{', '%7B').replace('}', '%7D')}`);
  expect(types(page.chunk).length).toBe(count);
  expect(page.end === undefined).toBe(count === 9);
});

test('a page of no events goes nowhere, and comes back with the rest', async () => {
  await using bench = await workbench();
  const none = await bench.messages('dir=b&limit=0');
  expect(none.end).toBe(none.start);
  const page = await bench.messages(`dir=b&limit=1&from=${none.end}`);
  expect(bodies(page.chunk)).toEqual(['2']);
});

test('the context of an event shows both sides, and its tokens go on from there', async () => {
  await using bench = await workbench();
  const [, middle] = bench.events;
  const { json } = await bench.ask('alice', 'GET', `${bench.at}/context/${middle}?limit=2`);
  expect((json.event as JsonObject).event_id).toBe(middle);
  expect(bodies(json.events_before)).toEqual(['0']);
  expect(bodies(json.events_after)).toEqual(['2']);
  expect(types(json.state)).toContain('m.room.create');
  const earlier = await bench.messages(`dir=b&limit=1&from=${json.start}`);
  expect(types(earlier.chunk)).not.toContain('m.room.message');
  await bench.say(bench.roomId, alice, '3');
  const later = await bench.messages(`dir=f&from=${json.end}`);
  expect(bodies(later.chunk)).toEqual(['3']);
  const alone = await bench.ask('alice', 'GET', `${bench.at}/context/${middle}?limit=0`);
  expect([alone.json.events_before, alone.json.events_after]).toEqual([[], []]);
  expect((await bench.ask('bob', 'GET', `${bench.at}/context/${middle}`)).status).toBe(404);
});

test('members are listed by kind, and as they were at a token', async () => {
  await using bench = await workbench();
  const before = encodeSyncToken({
    epoch: 1,
    position: bench.positions[2]!,
    toDevice: 0,
    ephemeral: 0,
  });
  await bench.rooms.changeMembership(
    bench.roomId,
    { sender: alice, target: carol, action: 'invite' },
    {},
  );
  const members = async (query: string) => {
    const { json } = await bench.ask('alice', 'GET', `${bench.at}/members${query}`);
    return (json.chunk as JsonObject[]).map((event) => event.state_key).sort();
  };
  expect(await members('')).toEqual([alice, carol]);
  expect(await members('?membership=invite')).toEqual([carol]);
  expect(await members('?not_membership=invite')).toEqual([alice]);
  expect(await members('?membership=invite&not_membership=leave')).toEqual([alice, carol]);
  expect(await members(`?at=${before}`)).toEqual([alice]);
});

test('joined members are told with their names', async () => {
  await using bench = await workbench();
  bench.profiles.set(bob, { displayname: 'Bob', avatar_url: 'mxc://example.org/b' });
  await bench.rooms.changeMembership(
    bench.roomId,
    { sender: alice, target: bob, action: 'invite' },
    {},
  );
  expect((await bench.ask('bob', 'GET', `${bench.at}/joined_members`)).status).toBe(403);
  await bench.ask('bob', 'POST', `${bench.at}/join`);
  expect((await bench.ask('bob', 'GET', `${bench.at}/joined_members`)).json).toEqual({
    joined: { [alice]: {}, [bob]: { display_name: 'Bob', avatar_url: 'mxc://example.org/b' } },
  });
});

test.each([
  ['messages?dir=x', 'M_INVALID_PARAM'],
  ['messages?dir=b&from=elsewhere', 'M_INVALID_PARAM'],
  ['messages?dir=b&filter=%7B', 'M_INVALID_PARAM'],
  ['messages?dir=b&filter=%7B%22types%22%3A1%7D', 'M_BAD_JSON'],
  ['members?at=elsewhere', 'M_INVALID_PARAM'],
  ['members?membership=friend', 'M_INVALID_PARAM'],
])('%s is refused', async (path, errcode) => {
  await using bench = await workbench();
  expect(await bench.ask('alice', 'GET', `${bench.at}/${path}`)).toMatchObject({
    status: 400,
    json: { errcode },
  });
});

async function workbench() {
  const fresh = await freshDatabase();
  const server = await openRoomServer(fresh);
  const roomId = await server.rooms.create(alice, {}, {});
  const [events, positions]: [string[], number[]] = [[], []];
  for (const body of ['0', '1', '2']) {
    events.push(await server.say(roomId, alice, body));
    positions.push(server.writer.committed.position);
  }
  const at = `/rooms/${encodeURIComponent(roomId)}`;
  return {
    ...server,
    roomId,
    at,
    events,
    positions,
    tokenAt: (index: number) =>
      encodeSyncToken({ epoch: 1, position: positions[index]!, toDevice: 0, ephemeral: 0 }),
    /** As another server may claim it of an event of its own. */
    setDepth: (index: number, depth: number) =>
      fresh.database.query('set_depth', 'UPDATE event SET depth = $2 WHERE event_id = $1', [
        ...[events[index]!, depth],
      ]),
    setVisibility: (history_visibility: string) =>
      server.setState(roomId, {
        sender: alice,
        type: 'm.room.history_visibility',
        stateKey: '',
        content: { history_visibility },
      }),
    messages: async (query: string) =>
      (await server.ask('alice', 'GET', `${at}/messages?${query}`)).json,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

const types = (events: unknown) => (events as JsonObject[]).map((event) => event.type);
const bodies = (events: unknown) =>
  (events as JsonObject[]).map((event) => (event.content as JsonObject).body);
