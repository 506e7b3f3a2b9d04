import { beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../../../test/support/api-server.ts';
import { type Authority, certificateAuthority } from '../../../test/support/certificates.ts';
import { startFederating } from '../../../test/support/federating.ts';
import { asked, refusal, sharedRoomAt, sharedRoomOn } from '../../../test/support/shared-room.ts';
import { eventIdOf } from '../../protocol/hashes.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { roomVersions, rulesOf } from '../../protocol/room-versions.ts';

const NOTHING_MISSING = { earliest_events: [], latest_events: [] };

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const sharedRoom = (options?: JsonObject) => sharedRoomAt(authority, options);

const V12 = rulesOf('12')!;

test.each(roomVersions())(
  'a server in a room of version %s reads its events, state and history',
  async (version) => {
    const shared = await sharedRoom({ room_version: version });
    const { here, ask, roomId } = shared;
    const [one, two] = [await shared.say('one'), await shared.say('two')];
    const told = await ask(`/event/${encodeURIComponent(two)}`);
    expect(told).toMatchObject({ origin: here.name, origin_server_ts: here.clock.ms });
    expect(bodiesOf(told.pdus)).toEqual(['two']);
    const rules = rulesOf(version)!;
    expect(idsOf(told.pdus, rules)).toEqual([two]);
    const back = await ask(`/backfill/${roomId}?v=${encodeURIComponent(two)}&limit=2`);
    expect(idsOf(back.pdus, rules)).toEqual([two, one]);
    const all = await ask(`/backfill/${roomId}?v=${encodeURIComponent(two)}&limit=100`);
    expect((all.pdus as JsonObject[]).at(-1)).toMatchObject({ type: 'm.room.create' });
    const ids = await ask(`/state_ids/${roomId}?event_id=${encodeURIComponent(two)}`);
    const state = await ask(`/state/${roomId}?event_id=${encodeURIComponent(two)}`);
    expect(idsOf(state.pdus, rules)).toEqual(ids.pdu_ids);
    expect(idsOf(state.auth_chain, rules)).toEqual(ids.auth_chain_ids);
    const types = (state.pdus as JsonObject[]).map(({ type }) => type);
    expect(types).toContain('m.room.create');
    expect(types.filter((type) => type === 'm.room.member')).toHaveLength(2);
    const auth = await ask(`/event_auth/${roomId}/${encodeURIComponent(two)}`);
    expect((auth.auth_chain as JsonObject[]).map(({ type }) => type)).toContain('m.room.create');
  },
);

test('the state at an event is that before it, with the chain of what it rests on', async () => {
  const shared = await sharedRoom();
  const topic = await shared.set('m.room.topic', { topic: 'one' });
  const next = await shared.set('m.room.topic', { topic: 'two' });
  const at = async (event: string) =>
    (await shared.ask(`/state/${shared.roomId}?event_id=${event}`)) as Record<string, JsonObject[]>;
  expect((await at(topic)).pdus!.filter(({ type }) => type === 'm.room.topic')).toEqual([]);
  const { pdus, auth_chain } = await at(next);
  expect(idsOf(pdus!.filter(({ type }) => type === 'm.room.topic'))).toEqual([topic]);
  const chain = new Set(idsOf(auth_chain!));
  const rested = [...pdus!, ...auth_chain!].flatMap((pdu) => pdu.auth_events as string[]);
  expect(rested.filter((id) => !chain.has(id as EventId))).toEqual([]);
  expect(chain.size).toBe(auth_chain!.length);
});

test('what a server missed between two events it is told, oldest first and no more than it asks for', async () => {
  const shared = await sharedRoom();
  const said: EventId[] = [];
  for (const body of ['a', 'b', 'c', 'd']) said.push(await shared.say(body));
  const missing = async (wish: JsonObject) => {
    const body = { latest_events: [said[3]!], earliest_events: [said[0]!], ...wish };
    const { events } = await shared.ask(`/get_missing_events/${shared.roomId}`, body);
    return bodiesOf(events);
  };
  expect(await missing({})).toEqual(['b', 'c']);
  expect(await missing({ limit: 1 })).toEqual(['c']);
  expect(await missing({ earliest_events: [said[3]!] })).toEqual([]);
  expect(await missing({ latest_events: ['$nowhere'] })).toEqual([]);
  const { events } = await shared.ask(`/get_missing_events/${shared.roomId}`, {
    ...{ latest_events: [said[3]!], earliest_events: [], limit: 1_000 },
  });
  expect((events as JsonObject[]).length).toBeLessThanOrEqual(20);
  const [{ depth }] = (await shared.ask(`/event/${said[2]}`)).pdus as [JsonObject];
  expect(await missing({ earliest_events: [], min_depth: depth! })).toEqual(['c']);
});

test('the event nearest to a moment is named', async () => {
  const shared = await sharedRoom();
  shared.here.clock.ms += 1_000;
  const one = await shared.say('one');
  const ts = shared.here.clock.ms;
  shared.here.clock.ms += 1_000;
  const two = await shared.say('two');
  const near = (dir: string) =>
    shared.ask(`/timestamp_to_event/${shared.roomId}?ts=${ts + 1}&dir=${dir}`);
  expect(await near('b')).toEqual({ event_id: one, origin_server_ts: ts });
  expect(await near('f')).toEqual({ event_id: two, origin_server_ts: ts + 1_000 });
  const none = shared.ask(`/timestamp_to_event/${shared.roomId}?ts=${ts + 9_999}&dir=f`);
  expect(await refusal(none)).toEqual([404, 'M_NOT_FOUND']);
});

test('whoever is not in the room is told nothing of it, nor whether it is there', async () => {
  const shared = await sharedRoom();
  const said = await shared.say('hush');
  const stranger = await startFederating(authority);
  const nowhere = `!${'x'.repeat(43)}`;
  for (const path of pathsTo(shared.roomId, said).concat(pathsTo(nowhere, said)))
    expect([path, await refusal(asked(stranger, shared.here, path))]).toEqual([
      ...[path, [403, 'M_FORBIDDEN']],
    ]);
  const body = { latest_events: [said], earliest_events: [] };
  for (const roomId of [shared.roomId, nowhere]) {
    const missing = asked(stranger, shared.here, `/get_missing_events/${roomId}`, body);
    expect(await refusal(missing)).toEqual([403, 'M_FORBIDDEN']);
  }
});

test('a server that the room denies by its ACL is told nothing, though its users are in it', async () => {
  const shared = await sharedRoom();
  const said = await shared.say('hush');
  await shared.set('m.room.server_acl', { allow: ['*'], deny: ['localhost'] });
  for (const path of pathsTo(shared.roomId, said))
    expect(await refusal(shared.ask(path))).toEqual([403, 'M_FORBIDDEN']);
});

test('a server that has left sees what was there while it was, and nothing of what came behind', async () => {
  const shared = await sharedRoom();
  const before = await shared.say('before');
  await shared.rooms.changeMembership(shared.roomId, { ...shared.theirs, action: 'leave' }, {});
  const behind = await shared.say('behind');
  expect(bodiesOf((await shared.ask(`/event/${before}`)).pdus)).toEqual(['before']);
  expect(await refusal(shared.ask(`/event/${behind}`))).toEqual([403, 'M_FORBIDDEN']);
  const back = await shared.ask(`/backfill/${shared.roomId}?v=${behind}&limit=10`);
  expect(bodiesOf(back.pdus)).toEqual(['before']);
  for (const path of [
    `/state_ids/${shared.roomId}?event_id=${behind}`,
    `/event_auth/${shared.roomId}/${behind}`,
  ])
    expect(await refusal(shared.ask(path))).toEqual([403, 'M_FORBIDDEN']);
});

test.each(['joined', 'invited'])(
  'what was said before a server came, where history is for those who are %s, it is told without its words',
  async (history_visibility) => {
    const shared = await sharedRoom({ isTheirsIn: false });
    await shared.set('m.room.history_visibility', { history_visibility });
    const early = await shared.say('early');
    await shared.rooms.changeMembership(shared.roomId, { ...shared.theirs, action: 'join' }, {});
    const late = await shared.say('late');
    const back = await shared.ask(`/backfill/${shared.roomId}?v=${late}&limit=100`);
    expect(bodiesOf(back.pdus)).toEqual(['late', undefined]);
    expect(idsOf(back.pdus)).toContain(early);
    const { pdus } = await shared.ask(`/event/${early}`);
    expect(pdus).toEqual([expect.objectContaining({ content: {}, type: 'm.room.message' })]);
    expect(idsOf(pdus)).toEqual([early]);
  },
);

test('what a redaction took nobody is told, and the event keeps its id', async () => {
  const shared = await sharedRoom();
  const said = await shared.say('slip');
  const path = `PUT /rooms/${shared.roomId}/redact/${said}/1`;
  await shared.here.ask(path, { token: shared.token, body: {} });
  const { pdus } = await shared.ask(`/event/${said}`);
  expect(pdus).toEqual([expect.objectContaining({ content: {} })]);
  expect(idsOf(pdus)).toEqual([said]);
});

test('what was said by whoever was erased, servers are told without its words, and all that the room rests on whole', async () => {
  const shared = await sharedRoom();
  const acl = await shared.set('m.room.server_acl', { allow: ['*'] });
  const said = await shared.say('of me');
  const auth = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'alice' } };
  const body = { erase: true, auth: { ...auth, password: PASSWORD } };
  const { token } = shared;
  expect((await shared.here.ask('POST /account/deactivate', { token, body })).status).toBe(200);
  expect((await shared.ask(`/event/${said}`)).pdus).toEqual([
    expect.objectContaining({ content: {} }),
  ]);
  expect((await shared.ask(`/event/${acl}`)).pdus).toEqual([
    expect.objectContaining({ content: { allow: ['*'] } }),
  ]);
});

test('what is dear to read a server pays for with the requests that follow', async () => {
  const rates = { read: { perSecond: 0.001, burst: 3 } };
  const here = await startFederating(authority, { rates });
  const there = await startFederating(authority);
  const shared = await sharedRoomOn(here, there, await here.register('alice'));
  const ask = () => refusal(shared.ask(`/get_missing_events/${shared.roomId}`, NOTHING_MISSING));
  expect([await ask(), await ask()]).toEqual([undefined, undefined]);
  expect(await ask()).toEqual([429, 'M_LIMIT_EXCEEDED']);
});

test.each<[string, string, JsonObject?]>([
  ['no event to begin at', '/backfill/ROOM?limit=5'],
  ['no limit', '/backfill/ROOM?v=$x'],
  ['a limit in words', '/backfill/ROOM?v=$x&limit=ten'],
  ['what is no event id', '/backfill/ROOM?v=x&limit=5'],
  ['too many events', `/backfill/ROOM?limit=5${'&v=$x'.repeat(101)}`],
  ['no event for a state', '/state/ROOM'],
  ['no event for the ids of a state', '/state_ids/ROOM'],
  ['what is no room id', '/state_ids/room?event_id=$x'],
  ['no direction', '/timestamp_to_event/ROOM?ts=1'],
  ['a direction that is none', '/timestamp_to_event/ROOM?ts=1&dir=x'],
  ['no latest events', '/get_missing_events/ROOM', { earliest_events: [] }],
  ['a limit below zero', '/get_missing_events/ROOM', { ...NOTHING_MISSING, limit: -1 }],
  [
    'too many latest events',
    '/get_missing_events/ROOM',
    { ...NOTHING_MISSING, latest_events: Array(101).fill('$x') },
  ],
])('a request with %s is a bad one', async (_what, path, body) => {
  const shared = await sharedRoom();
  const [status] = (await refusal(shared.ask(path.replace('ROOM', shared.roomId), body))) as [
    number,
  ];
  expect(status).toBe(400);
});

test('of an event that is not there, or of another room, there is no state', async () => {
  const shared = await sharedRoom();
  const elsewhere = await sharedRoomOn(shared.here, shared.there, shared.token);
  const said = await elsewhere.say('elsewhere');
  for (const event of ['$nowhere', said])
    for (const path of [
      `/state/${shared.roomId}?event_id=${event}`,
      `/event_auth/${shared.roomId}/${event}`,
    ])
      expect(await refusal(shared.ask(path))).toEqual([404, 'M_NOT_FOUND']);
  expect(await refusal(shared.ask('/event/$nowhere'))).toEqual([404, 'M_NOT_FOUND']);
});

const pathsTo = (roomId: string, event: string) => [
  `/event/${event}`,
  `/state/${roomId}?event_id=${event}`,
  `/state_ids/${roomId}?event_id=${event}`,
  `/event_auth/${roomId}/${event}`,
  `/backfill/${roomId}?v=${event}&limit=10`,
  `/timestamp_to_event/${roomId}?ts=1&dir=f`,
];

const idsOf = (pdus: JsonValue | undefined, rules = V12): EventId[] =>
  (pdus as JsonObject[]).map((pdu) => eventIdOf(pdu, rules));

const bodiesOf = (pdus: JsonValue | undefined) =>
  (pdus as JsonObject[])
    .filter(({ type }) => type === 'm.room.message')
    .map(({ content }) => (content as JsonObject).body);
