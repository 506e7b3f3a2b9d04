import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ApiServer, type Reply, startApi } from '../../../test/support/api-server.ts';
import { type FreshDatabase, freshDatabase } from '../../../test/support/postgres.ts';
import { timersByHand } from '../../../test/support/timers.ts';
import type { Rates } from '../../http/rate-limits.ts';
import { notKept } from '../../log/outcomes.ts';
import type { UserId } from '../../protocol/identifiers.ts';

const UNSTABLE = '/_matrix/client/unstable/org.matrix.msc4140';
const STABLE = '/_matrix/client/v1';

let fresh: FreshDatabase;
let timers: ReturnType<typeof timersByHand>;
let api: ApiServer;
let tokens: Record<'alice' | 'bob', string>;
let roomId: string;
let room: string;

beforeEach(async () => {
  fresh = await freshDatabase();
  await open();
  tokens = { alice: await api.register('alice'), bob: await api.register('bob') };
  const { body } = await as('alice', 'POST /createRoom', { preset: 'public_chat' });
  roomId = body.room_id;
  room = `/rooms/${encodeURIComponent(roomId)}`;
  await as('bob', `POST ${room}/join`, {});
});

afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await fresh[Symbol.asyncDispose]();
});

test('an event goes out when its delay is over, and only its sender is told which delay it was', async () => {
  const id = await delay({ delay_ms: 5_000 });
  timers.pass(4_999);
  expect(await lastMessage('alice')).toBeUndefined();
  timers.pass(1);
  const { event_id } = await finalised(id);
  const seen = await lastMessage('alice');
  expect(seen).toMatchObject({
    event_id,
    content: { body: 'later' },
    sender: '@alice:example.org',
  });
  expect(seen.unsigned).toMatchObject({ delay_id: id, 'org.matrix.msc4140.delay_id': id });
  expect(Object.keys((await lastMessage('bob')).unsigned).join()).not.toContain('delay_id');
  await reopen();
  expect((await lastMessage('alice')).unsigned.delay_id).toBe(id);
  expect(Object.keys((await lastMessage('bob')).unsigned).join()).not.toContain('delay_id');
});

test('state is delayed as messages are', async () => {
  const id = await delay({ delay_ms: 10, state_key: '', content: { topic: 'x' } }, 'm.room.topic');
  expect((await as('alice', `GET ${room}/state/m.room.topic`)).status).toBe(404);
  timers.pass(10);
  await finalised(id);
  expect((await as('alice', `GET ${room}/state/m.room.topic`)).body).toEqual({ topic: 'x' });
});

test('a delay that is restarted begins anew, and nothing is written for it', async () => {
  const id = await delay({ delay_ms: 1_000 });
  const { position } = api.writer.committed;
  for (let times = 0; times < 3; times++) {
    timers.pass(999);
    api.clock.ms += 999;
    expect(await act(id, 'restart')).toEqual({ status: 200, body: {} });
  }
  expect(api.writer.committed.position).toBe(position);
  expect((await get(id)).body).toMatchObject({ delay_ms: 1_000, delayed_since_ts: api.clock.ms });
  timers.pass(1_000);
  await finalised(id);
});

test('what was cancelled is never sent: to cancel it again is well, all else a conflict', async () => {
  const id = await delay({ delay_ms: 1_000 });
  expect(await act(id, 'cancel')).toEqual({ status: 200, body: {} });
  expect(await act(id, 'cancel')).toEqual({ status: 200, body: {} });
  expect(errorOf(await act(id, 'send'))).toEqual([409, 'M_UNKNOWN']);
  expect(errorOf(await act(id, 'restart'))).toEqual([409, 'M_UNKNOWN']);
  timers.pass(1_000);
  expect((await get(id)).body.finalised).toEqual({ finalised_ts: api.clock.ms });
  expect(await lastMessage('alice')).toBeUndefined();
});

test('what is sent on request goes out at once and once: to send it again is well, all else a conflict', async () => {
  const id = await delay({ delay_ms: 1_000 });
  expect(await act(id, 'send')).toEqual({ status: 200, body: {} });
  const { event_id } = await lastMessage('alice');
  expect(await act(id, 'send')).toEqual({ status: 200, body: {} });
  timers.pass(1_000);
  expect((await lastMessage('alice')).event_id).toBe(event_id);
  expect((await get(id)).body.finalised).toEqual({ finalised_ts: api.clock.ms, event_id });
  expect(errorOf(await act(id, 'cancel'))).toEqual([409, 'M_UNKNOWN']);
  expect(errorOf(await act(id, 'restart'))).toEqual([409, 'M_UNKNOWN']);
});

test('that it was sent is committed with it, so that no writer sends it again', async () => {
  const ids = [await delay({ delay_ms: 10 }), await delay({ delay_ms: 20, state_key: '' }, 'x.y')];
  await act(ids[0]!, 'send');
  timers.pass(20);
  await finalised(ids[1]!);
  const both = `SELECT event.xmin = delayed_event.xmin AS one
    FROM event JOIN delayed_event USING (event_id)`;
  const one = { one: true };
  expect(await fresh.database.query('one_commit', both)).toEqual([one, one]);
});

test('whether its sender may send it is asked when it is sent, and what cannot be is told with the reason', async () => {
  const ids = [
    await delay({ delay_ms: 10 }, 'm.room.message', 'bob'),
    await delay({ delay_ms: 10 }),
  ];
  await as('alice', `POST ${room}/kick`, { user_id: '@bob:example.org' });
  expect(errorOf(await act(ids[0]!, 'send'))).toEqual([403, 'M_FORBIDDEN']);
  expect((await get(ids[0]!, 'bob')).body.finalised).toBeUndefined();
  timers.pass(10);
  expect((await finalised(ids[0]!, 'bob')).error.errcode).toBe('M_FORBIDDEN');
  await finalised(ids[1]!);
  expect(errorOf(await act(ids[0]!, 'send'))).toEqual([409, 'M_UNKNOWN']);
  expect(await act(ids[0]!, 'cancel')).toEqual({ status: 200, body: {} });
});

test('who is suspended sends nothing later either', async () => {
  const id = await delay({ delay_ms: 10 }, 'm.room.message', 'bob');
  const token = await api.register('root', 'ROOT', { admin: true });
  const path = '/_matrix/client/v1/admin/suspend/@bob:example.org';
  expect((await api.ask(`PUT ${path}`, { token, body: { suspended: true } })).status).toBe(200);
  timers.pass(10);
  expect((await finalised(id, 'bob')).error.errcode).toBe('M_USER_SUSPENDED');
});

test('state with an alias that leads elsewhere is refused later as it is at once', async () => {
  const content = { alias: '#elsewhere:example.org' };
  const id = await delay({ delay_ms: 10, state_key: '', content }, 'm.room.canonical_alias');
  timers.pass(10);
  expect((await finalised(id)).error.errcode).toBe('M_BAD_ALIAS');
});

test('state that is so already makes no event, and is told as sent with the one that is there', async () => {
  const wish = { state_key: '', content: { topic: 'x' } };
  const { body } = await as('alice', `PUT ${room}/state/m.room.topic`, { topic: 'x' });
  const id = await delay({ ...wish, delay_ms: 10 }, 'm.room.topic');
  timers.pass(10);
  expect((await finalised(id)).event_id).toBe(body.event_id);
});

test('at the next writer each delay begins anew in full, and what was sent is not sent again', async () => {
  const [sent, waits] = [await delay({ delay_ms: 10 }), await delay({ delay_ms: 1_000 })];
  timers.pass(999);
  await finalised(sent);
  const { event_id } = await lastMessage('alice');
  await reopen();
  timers.pass(999);
  expect((await get(waits)).body.finalised).toBeUndefined();
  expect((await lastMessage('alice')).event_id).toBe(event_id);
  timers.pass(1);
  expect((await finalised(waits)).event_id).toBe((await lastMessage('alice')).event_id);
});

test('a repeat with the same transaction is told the same delay, and delays nothing more', async () => {
  const wish = { delay_ms: 1_000, content: {} };
  const path = `PUT ${UNSTABLE}${room}/delayed_event/m.room.message/same`;
  const first = await as('alice', path, wish);
  expect(await as('alice', path, wish)).toEqual(first);
  expect(await listed('alice')).toEqual([first.body.delay_id]);
});

test('those that wait are listed for their owner, in the order in which they are due', async () => {
  const [late, soon] = [await delay({ delay_ms: 9_000 }), await delay({ delay_ms: 2_000 })];
  await act(await delay({ delay_ms: 1_000 }), 'cancel');
  expect(await listed('alice')).toEqual([soon, late]);
  api.clock.ms += 8_000;
  await act(soon, 'restart');
  expect(await listed('alice')).toEqual([late, soon]);
  expect(await listed('bob')).toEqual([]);
});

test('the older form delays by the query, and acts by the body', async () => {
  const query = '?org.matrix.msc4140.delay=1000';
  const send = `PUT ${room}/send/m.room.message/t${query}`;
  const { body: message } = await as('alice', send, { body: 'later' });
  const { body: state } = await as('alice', `PUT ${room}/state/m.room.topic${query}`, {
    topic: 'x',
  });
  expect(await as('alice', send, { body: 'later' })).toEqual({ status: 200, body: message });
  const say = (id: string, action: string) =>
    api.ask(`POST ${UNSTABLE}/delayed_events/${id}`, { body: { action } });
  timers.pass(999);
  expect((await say(state.delay_id, 'restart')).status).toBe(200);
  timers.pass(1);
  await finalised(message.delay_id);
  expect((await get(state.delay_id)).body).toMatchObject({ state_key: '', type: 'm.room.topic' });
  expect((await say(state.delay_id, 'cancel')).status).toBe(200);
  expect((await as('alice', `GET ${room}/state/m.room.topic`)).status).toBe(404);
  expect(errorOf(await say(state.delay_id, 'oops'))[0]).toBe(400);
  expect(
    await as('alice', `PUT ${room}/state/m.room.topic?org.matrix.msc4140.delay=99999999`, {}),
  ).toMatchObject({
    status: 400,
    body: {
      errcode: 'M_UNKNOWN',
      'org.matrix.msc4140.errcode': 'M_MAX_DELAY_EXCEEDED',
      'org.matrix.msc4140.max_delay': 86_400_000,
    },
  });
});

test.each<[string, object, number]>([
  ['without a delay', { content: {} }, 400],
  ['with no delay', { delay_ms: 0, content: {} }, 400],
  ['with parts of a millisecond', { delay_ms: 1.5, content: {} }, 400],
  ['with a delay as text', { delay_ms: '10', content: {} }, 400],
  ['without content', { delay_ms: 10 }, 400],
  ['with a list for content', { delay_ms: 10, content: [] }, 400],
  ['with a number for a state key', { delay_ms: 10, content: {}, state_key: 7 }, 400],
  ['with too long a state key', { delay_ms: 10, content: {}, state_key: 'x'.repeat(256) }, 400],
  ['with a delay above the longest', { delay_ms: 86_400_001, content: {} }, 403],
  ['larger than events may be', { delay_ms: 10, content: { x: 'x'.repeat(65_537) } }, 413],
])('a wish %s is refused at once', async (_what, wish, status) => {
  const path = `PUT ${UNSTABLE}${room}/delayed_event/m.room.message/t`;
  expect((await as('alice', path, wish)).status).toBe(status);
  expect(await listed('alice')).toEqual([]);
});

test('a room that is not there, an id that nobody has, and the id of somebody else are not found', async () => {
  const nowhere = `PUT ${UNSTABLE}/rooms/!x:example.org/delayed_event/m.room.message/t`;
  const reply = await as('alice', nowhere, { delay_ms: 10, content: {} });
  expect(errorOf(reply)).toEqual([404, 'M_NOT_FOUND']);
  for (const action of ['send', 'cancel', 'restart'])
    expect(errorOf(await act('nobodys', action))).toEqual([404, 'M_NOT_FOUND']);
  expect(errorOf(await act('nobodys', 'oops'))).toEqual([404, 'M_UNRECOGNIZED']);
  const id = await delay({ delay_ms: 10 });
  expect(errorOf(await get(id, 'bob'))).toEqual([404, 'M_NOT_FOUND']);
});

test('a user has at most a hundred at once, and learns when there is room for the next', async () => {
  const soon = await delay({ delay_ms: 1_500 });
  for (let count = 1; count < 100; count++) await delay({ delay_ms: 60_000 });
  const path = `PUT ${UNSTABLE}${room}/delayed_event/m.room.message/more`;
  const wish = { delay_ms: 10, content: {} };
  const refused = await as('alice', path, wish);
  expect(errorOf(refused)).toEqual([429, 'M_LIMIT_EXCEEDED']);
  expect(refused.body.retry_after_ms).toBe(2_000);
  timers.pass(1_500);
  await finalised(soon);
  expect((await as('alice', path, wish)).status).toBe(200);
});

test('how fast its sender alone may write holds for what they send later, too', async () => {
  await reopen({ write: { perSecond: 0.000_001, burst: 1 } });
  const fast = { messagesPerSecond: 0, burstCount: 0 };
  await api.features.ownRates.set('@alice:example.org' as UserId, fast, {
    ...{ once: notKept, body: {} },
  });
  const ids = [await delay({ delay_ms: 10 }), await delay({ delay_ms: 10 })];
  timers.pass(10);
  for (const id of ids) expect(await finalised(id)).toHaveProperty('event_id');
});

test('clients find all of it before they ask', async () => {
  const limits = { max_delay_ms: 86_400_000, max_scheduled: 100 };
  const { body } = await as('alice', 'GET /capabilities');
  expect(body.capabilities).toMatchObject({
    'm.delayed_events': limits,
    'org.matrix.msc4140.delayed_events': limits,
  });
  const versions = await api.ask('GET /_matrix/client/versions');
  expect(versions.body.unstable_features).toMatchObject({
    'org.matrix.msc4140': true,
    'org.matrix.msc4140.stable': true,
  });
});

async function open(rates: Partial<Rates> = {}) {
  timers = timersByHand();
  api = await startApi({ fresh, timers, rates });
}

async function reopen(rates: Partial<Rates> = {}) {
  await api[Symbol.asyncDispose]();
  await open(rates);
}

const as = (who: 'alice' | 'bob', request: string, body?: object): Promise<Reply> =>
  api.ask(request, { token: tokens[who], body });

let count = 0;

async function delay(
  wish: { delay_ms: number; state_key?: string; content?: object },
  type = 'm.room.message',
  who: 'alice' | 'bob' = 'alice',
): Promise<string> {
  const path = `${UNSTABLE}${room}/delayed_event/${type}/t${count++}`;
  const reply = await as(who, `PUT ${path}`, { content: { body: 'later' }, ...wish });
  expect(reply).toEqual({ status: 200, body: { delay_id: expect.stringMatching(/^[\w-]{32}$/) } });
  return reply.body.delay_id;
}

/** Whoever knows the id: without a token. */
const act = (id: string, action: string) =>
  api.ask(`POST ${STABLE}/delayed_events/${id}/${action}`);

const get = (id: string, who: 'alice' | 'bob' = 'alice') =>
  as(who, `GET ${STABLE}/delayed_events/${id}`);

/** What became of it, when that is decided. */
async function finalised(id: string, who: 'alice' | 'bob' = 'alice') {
  const outcome = async () => (await get(id, who)).body.finalised;
  await expect.poll(outcome, { timeout: 15_000 }).toBeDefined();
  return outcome();
}

async function listed(who: 'alice' | 'bob'): Promise<string[]> {
  const { body } = await as(who, `GET ${UNSTABLE}/delayed_events`);
  return body.delayed_events.map((each: { delay_id: string }) => each.delay_id);
}

async function lastMessage(who: 'alice' | 'bob') {
  const filter = encodeURIComponent(JSON.stringify({ types: ['m.room.message'] }));
  const { body } = await as(who, `GET ${room}/messages?dir=b&limit=1&filter=${filter}`);
  return body.chunk[0];
}

const errorOf = ({ status, body }: Reply) => [status, body.errcode];
