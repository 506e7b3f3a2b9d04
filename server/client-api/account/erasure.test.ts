import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';

const TOPIC = 'what alice thought of';
const NAME = 'Alice Liddell';
const MEGOLM = 'm.megolm.v1.aes-sha2';

const READS: readonly (readonly [what: string, path: (room: string) => string])[] = [
  ['/state', (room) => `/rooms/${room}/state`],
  ['/state/m.room.topic', (room) => `/rooms/${room}/state/m.room.topic`],
  ['/members', (room) => `/rooms/${room}/members`],
  ['/members from before', (room) => `/rooms/${room}/members?membership=leave`],
  ['/joined_members', (room) => `/rooms/${room}/joined_members`],
  ['/messages', (room) => `/rooms/${room}/messages?dir=b&limit=100`],
  ['/sync', () => '/sync'],
  ['/sync with a short timeline', () => `/sync?filter=${short({})}`],
  ['/sync with lazy loading', () => `/sync?filter=${short({ lazy_load_members: true })}`],
  ['/sync with the state behind it', () => '/sync?use_state_after=true'],
];

test.each(READS)('%s tells those who come behind an erasure nothing of it', async (_, path) => {
  await using house = await erasedHouse();
  const told = await house.told('carol', path(house.room));
  for (const hers of [TOPIC, NAME]) expect(told).not.toContain(hers);
});

test('who was there before sees state as it was, and who comes later that the room is encrypted', async () => {
  await using house = await erasedHouse();
  const [bob, carol] = await Promise.all([
    house.told('bob', `/rooms/${house.room}/state`),
    house.told('carol', `/rooms/${house.room}/state`),
  ]);
  expect([TOPIC, NAME, MEGOLM].map((each) => bob.includes(each))).toEqual([true, true, true]);
  expect(carol).toContain(MEGOLM);
  expect(await house.told('carol', '/sync')).toContain(MEGOLM);
});

test('what stands around an event is shown as it is elsewhere', async () => {
  await using house = await erasedHouse();
  const context = `/rooms/${house.room}/context/${house.said}`;
  expect(await house.told('bob', context)).toContain(TOPIC);
  expect(await house.told('carol', context)).not.toContain(TOPIC);
});

test('an invitation behind an erasure tells nothing of it either', async () => {
  await using house = await erasedHouse();
  const body = { user_id: '@dave:example.org' };
  await house.as('bob', `POST /rooms/${house.room}/invite`, body);
  const told = await house.told('dave', '/sync');
  expect(told).toContain(MEGOLM);
  expect(told).not.toContain(TOPIC);
});

/** Alice's room, in which Bob was before she was erased, and Carol is since. */
async function erasedHouse() {
  const api: ApiServer = await startApi();
  const tokens: Record<string, string> = {};
  for (const name of ['alice', 'bob', 'carol', 'dave']) tokens[name] = await api.register(name);
  const as = async (user: string, request: string, body: object = {}) => {
    const reply = await api.ask(request, { token: tokens[user], body });
    expect([request, reply.status, reply.body.error]).toEqual([request, 200, undefined]);
    return reply.body;
  };
  await as('alice', 'PUT /profile/@alice:example.org/displayname', { displayname: NAME });
  const created = await as('alice', 'POST /createRoom', {
    ...{ preset: 'public_chat', topic: TOPIC, power_level_content_override: { invite: 0 } },
    initial_state: [{ type: 'm.room.encryption', state_key: '', content: { algorithm: MEGOLM } }],
  });
  const room = encodeURIComponent(created.room_id);
  await as('bob', `POST /join/${room}`);
  // What is known of erasures is asked before there is one.
  await api.ask(`GET /rooms/${room}/state`, { token: tokens.bob });
  const auth = {
    ...{ type: 'm.login.password', password: PASSWORD },
    identifier: { type: 'm.id.user', user: 'alice' },
  };
  await as('alice', 'POST /account/deactivate', { erase: true, auth });
  await as('carol', `POST /join/${room}`);
  const message = { body: 'and then', msgtype: 'm.text' };
  const sent = await as('bob', `PUT /rooms/${room}/send/m.room.message/1`, message);
  return {
    ...{ room, as, said: encodeURIComponent(sent.event_id) },
    /** All of the answer, as text. */
    async told(user: string, path: string) {
      const reply = await api.ask(`GET ${path}`, { token: tokens[user] });
      expect([path, reply.status]).toEqual([path, 200]);
      return JSON.stringify(reply.body);
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

const short = (state: object) =>
  encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 1 }, state } }));
