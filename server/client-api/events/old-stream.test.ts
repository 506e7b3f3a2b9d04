import { expect, test, vi } from 'vitest';
import { type ApiServer, startApi } from '../../../test/support/api-server.ts';
import type { Answer } from '../../http/answer.ts';
import { getEvents } from './get-events.ts';

interface Event {
  readonly type: string;
  readonly room_id?: string;
  readonly state_key?: string;
  readonly content: Record<string, unknown>;
}
const bodies = (events: readonly Event[]) =>
  events.filter(({ type }) => type === 'm.room.message').map(({ content }) => content.body);

test('a bot that knows nothing of /sync hears all that is said, once and in order', async () => {
  await using house = await openHouse();
  const { api, alice, bob, roomId } = house;
  await house.say(alice, 'zero');
  const begun = (await api.ask('GET /initialSync?limit=5', { token: bob })).body;
  expect(bodies(begun.rooms[0].messages.chunk)).toEqual(['zero']);
  let from = begun.end as string;
  const heard: unknown[] = [];
  const next = async () => {
    const { body } = await api.ask(`GET /events?from=${from}&timeout=100000`, { token: bob });
    expect(body.start).toBe(from);
    from = body.end;
    const events = body.chunk as Event[];
    for (const event of events.filter(({ type }) => type !== 'm.presence'))
      expect(event.room_id).toBe(roomId);
    heard.push(...bodies(events));
    return events;
  };
  for (let number = 0; number < 40; number++) await house.say(alice, `${number}`);
  await next();
  const waiting = next();
  await house.say(alice, 'last');
  await waiting;
  while (!heard.includes('last')) await next();
  expect(heard).toEqual([...Array.from({ length: 40 }, (_, number) => `${number}`), 'last']);

  await api.ask(`PUT /rooms/${roomId}/state/m.room.topic`, { token: alice, body: { topic: 'T' } });
  await api.ask(`PUT /rooms/${roomId}/typing/@alice:example.org`, {
    ...{ token: alice, body: { typing: true, timeout: 60_000 } },
  });
  const types = new Set<string>();
  while (!types.has('m.room.topic') || !types.has('m.typing'))
    for (const { type } of await next()) types.add(type);
});

test('all that somebody has is told at once: rooms with their state, invites, and those left only where asked for', async () => {
  await using house = await openHouse();
  const { api, alice, bob, roomId } = house;
  const make = async (body: object) =>
    (await api.ask('POST /createRoom', { token: alice, body })).body.room_id as string;
  const invited = await make({ invite: ['@bob:example.org'] });
  const left = await make({ preset: 'public_chat' });
  await api.ask(`POST /join/${left}`, { token: bob });
  await api.ask(`POST /rooms/${left}/leave`, { token: bob });
  const event_id = (await house.say(alice, 'read me')).body.event_id;
  await api.ask(`POST /rooms/${roomId}/receipt/m.read/${event_id}`, { token: bob, body: {} });
  const at = (query: string) => api.ask(`GET /initialSync${query}`, { token: bob });
  const told = (await at('')).body;
  type Room = { room_id: string; membership: string; state?: Event[]; visibility: string };
  const rooms = new Map((told.rooms as Room[]).map((room) => [room.room_id, room]));
  expect([...rooms.keys()].sort()).toEqual([roomId, invited].sort());
  expect(rooms.get(invited)).toMatchObject({
    ...{ membership: 'invite', inviter: '@alice:example.org' },
    invite: { type: 'm.room.member', state_key: '@bob:example.org' },
  });
  expect(rooms.get(roomId)).toMatchObject({ membership: 'join', visibility: 'public' });
  const members = rooms.get(roomId)!.state!.filter(({ type }) => type === 'm.room.member');
  expect(members).toHaveLength(2);
  expect(told.receipts).toMatchObject([{ type: 'm.receipt', room_id: roomId }]);
  const archived = (await at('?archived=true')).body.rooms as Room[];
  expect(archived.map(({ room_id }) => room_id)).toContain(left);
});

test('messages to a device are not taken by the old stream, which does not tell them', async () => {
  await using house = await openHouse();
  const { api, alice, bob } = house;
  const { end } = (await api.ask('GET /initialSync', { token: bob })).body;
  await api.ask('PUT /sendToDevice/m.test/1', {
    ...{ token: alice, body: { messages: { '@bob:example.org': { '*': { hush: true } } } } },
  });
  await house.say(alice, 'wake up');
  const told = (await api.ask(`GET /events?from=${end}&timeout=1000`, { token: bob })).body;
  await api.ask(`GET /events?from=${told.end}`, { token: bob });
  const synced = (await api.ask('GET /sync', { token: bob })).body;
  expect(synced.to_device.events).toMatchObject([{ type: 'm.test', content: { hush: true } }]);
});

test('a room that everybody may read is followed by whoever is not in it, as long as they may', async () => {
  await using house = await openHouse();
  const { api, alice, roomId } = house;
  const token = await api.register('carol');
  const at = `GET /events?room_id=${roomId}`;
  expect((await api.ask(at, { token })).status).toBe(403);
  const visible = (history_visibility: string) =>
    api.ask(`PUT /rooms/${roomId}/state/m.room.history_visibility`, {
      ...{ token: alice, body: { history_visibility } },
    });
  await visible('world_readable');
  const { end } = (await api.ask(at, { token })).body;
  const waiting = api.ask(`${at}&from=${end}&timeout=100000`, { token });
  await house.say(alice, 'to all');
  const told = (await waiting).body;
  expect(bodies(told.chunk)).toEqual(['to all']);
  expect((await api.ask(`${at}&from=${told.end}`, { token })).body.chunk).toEqual([]);
  await visible('joined');
  expect((await api.ask(`${at}&from=${told.end}`, { token })).status).toBe(403);
});

test('one event is found by its id alone, by whoever may see it', async () => {
  await using house = await openHouse();
  const { api, alice, bob } = house;
  const { event_id } = (await house.say(alice, 'here')).body;
  const found = await api.ask(`GET /events/${event_id}`, { token: bob });
  expect(found.body).toMatchObject({ event_id, room_id: house.roomId, content: { body: 'here' } });
  const token = await api.register('carol');
  for (const [id, asker] of [
    [event_id, token],
    ['$none', bob],
  ])
    expect((await api.ask(`GET /events/${id}`, { token: asker })).status).toBe(404);
});

test('a token that no longer holds is refused, and without one the stream begins now', async () => {
  await using house = await openHouse();
  const { api, alice, bob } = house;
  expect((await api.ask('GET /events?from=nonsense', { token: bob })).status).toBe(400);
  await house.say(alice, 'before');
  const { chunk, end } = (await api.ask('GET /events', { token: bob })).body;
  expect(bodies(chunk)).toEqual([]);
  await house.say(alice, 'behind');
  const { body } = await api.ask(`GET /events?from=${end}`, { token: bob });
  expect(bodies(body.chunk)).toEqual(['behind']);
});

test('the large events of a stretch are never parsed or written in one turn', async () => {
  await using house = await openHouse();
  const { api, alice, bob, roomId } = house;
  const { end } = (await api.ask('GET /initialSync', { token: bob })).body;
  await api.ask(`PUT /rooms/${roomId}/state/m.room.history_visibility`, {
    ...{ token: alice, body: { history_visibility: 'world_readable' } },
  });
  for (let n = 0; n < 20; n++) await house.say(alice, 'x'.repeat(60_000));
  await api.ask(`PUT /rooms/${roomId}/state/m.room.topic`, { token: alice, body: { topic: 'T' } });
  const at = (query: object) => ({
    caller: { kind: 'user', userId: '@bob:example.org', deviceId: 'D' },
    query: { timeout: 0, ...query },
    signal: new AbortController().signal,
  });
  const stranger = { kind: 'user', userId: '@carol:example.org', deviceId: 'D' };
  const ports = { ...api.features, rateLimits: { take: () => 0 } } as never;
  const asked = [
    () => getEvents.handle(at({ from: end }) as never, ports),
    () => getEvents.handle(at({ from: end, room_id: roomId }) as never, ports),
    () =>
      getEvents.handle({ ...at({ from: end, room_id: roomId }), caller: stranger } as never, ports),
  ];
  for (const ask of asked) {
    const { answer, longest } = await longestJson(ask);
    expect(longest).toBeLessThan(130_000);
    const text = await textOf(answer as Answer);
    expect(text.length).toBeGreaterThan(1_200_000);
    const { chunk } = JSON.parse(text) as { chunk: Event[] };
    expect(bodies(chunk)).toHaveLength(20);
    expect(chunk.every(({ room_id }) => room_id === roomId)).toBe(true);
  }
});

test('what is too much of a room between two polls is told from its end, and is paged to from where it started', async () => {
  await using house = await openHouse();
  const { api, alice, bob, roomId } = house;
  const { end: from } = (await api.ask('GET /initialSync', { token: bob })).body;
  const said = Array.from({ length: 75 }, (_, number) => `${number}`.padEnd(60_000, 'x'));
  for (const text of said) await house.say(alice, text);
  const told = (await api.ask(`GET /events?from=${from}`, { token: bob })).body;
  const newest = bodies(told.chunk);
  expect(newest.length).toBeLessThan(said.length);
  expect(newest).toEqual(said.slice(-newest.length));
  const paged: unknown[] = [];
  for (let at = told.start as string | undefined; at !== undefined; ) {
    const query = `dir=f&limit=1000&from=${at}&to=${told.end}`;
    const page = (await api.ask(`GET /rooms/${roomId}/messages?${query}`, { token: bob })).body;
    paged.push(...bodies(page.chunk));
    at = page.end;
  }
  expect(paged).toEqual(said);
});

/** Of all that is parsed or written meanwhile. */
async function longestJson(ask: () => unknown) {
  let longest = 0;
  const { parse, stringify } = JSON;
  vi.spyOn(JSON, 'parse').mockImplementation((text, reviver) => {
    longest = Math.max(longest, text.length);
    return parse(text, reviver);
  });
  vi.spyOn(JSON, 'stringify').mockImplementation((value: unknown) => {
    const text = stringify(value);
    longest = Math.max(longest, text?.length ?? 0);
    return text;
  });
  try {
    return { answer: await ask(), longest };
  } finally {
    vi.restoreAllMocks();
  }
}

async function textOf({ body }: Answer): Promise<string> {
  if (typeof body === 'string') return body;
  return (await Array.fromAsync(body as AsyncIterable<string>)).join('');
}

/** A public room of alice's, with bob in it. */
async function openHouse() {
  const api: ApiServer = await startApi();
  const [alice, bob] = [await api.register('alice'), await api.register('bob')];
  const body = { preset: 'public_chat', visibility: 'public' };
  const roomId = (await api.ask('POST /createRoom', { token: alice, body })).body.room_id as string;
  await api.ask(`POST /join/${roomId}`, { token: bob });
  await api.ask(`PUT /rooms/${roomId}/state/m.room.history_visibility`, {
    ...{ token: alice, body: { history_visibility: 'joined' } },
  });
  let said = 0;
  return {
    ...{ api, alice, bob, roomId },
    say: (token: string, text: string) =>
      api.ask(`PUT /rooms/${roomId}/send/m.room.message/${said++}`, {
        ...{ token, body: { msgtype: 'm.text', body: text } },
      }),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
