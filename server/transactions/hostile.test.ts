import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../test/support/certificates.ts';
import fc from '../../test/support/fast-check.ts';
import { startPeer } from '../../test/support/federation-peer.ts';
import { keyOf } from '../../test/support/foreign-server.ts';
import {
  type ReceivingHome,
  receivingHome,
  says,
  userOf,
} from '../../test/support/receiving-home.ts';
import type { EventId } from '../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../protocol/json.ts';
import { rulesOf } from '../protocol/room-versions.ts';
import { signEvent } from '../protocol/signatures.ts';
import { RefusedFromServer } from './complaints.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

const V12 = rulesOf('12')!;

/** The same event, changed by its own server, which signs what it sends. */
const resigned = (shared: ReceivingHome, pdu: JsonObject, change: JsonObject): JsonObject => {
  const { signatures: _, hashes: __, ...rest } = { ...pdu, ...change };
  return signEvent(rest as JsonObject, V12, shared.peer.name, keyOf(shared.peer.name));
};

type Make = (shared: ReceivingHome, pdu: JsonObject) => JsonObject | Promise<JsonObject>;

/** Of an event that is right, one that is wrong in one way. */
const WRONG: Record<string, Make> = {
  unsigned: (_shared, pdu) => ({ ...pdu, signatures: {} }),
  'signed by nobody that there is': (_shared, pdu) => ({
    ...pdu,
    signatures: { 'nowhere.invalid': { 'ed25519:x': 'x' } },
  }),
  'signed with another key': ({ peer }, pdu) => {
    const { signatures: _, hashes: __, ...rest } = pdu;
    return signEvent(rest as JsonObject, V12, peer.name, keyOf('other.example'));
  },
  'of a user of ours': (shared, pdu) => resigned(shared, pdu, { sender: `@alice:${shared.name}` }),
  'of a user of a third server': (shared, pdu) =>
    resigned(shared, pdu, { sender: '@eve:elsewhere.invalid' }),
  'of somebody who is not there': (shared, pdu) =>
    resigned(shared, pdu, { sender: userOf(shared.peer, 'eve'), content: { n: Math.random() } }),
  oversize: (shared, pdu) => resigned(shared, pdu, { content: { body: 'x'.repeat(66_000) } }),
  'of unknown descent': (shared, pdu) => resigned(shared, pdu, { prev_events: [UNKNOWN] }),
  'in a circle with itself': (shared, pdu) =>
    resigned(shared, pdu, { prev_events: [UNKNOWN], auth_events: [UNKNOWN] }),
  'without descent': (shared, pdu) => resigned(shared, pdu, { prev_events: [] }),
  'with too many predecessors': (shared, pdu) =>
    resigned(shared, pdu, { prev_events: Array(21).fill(UNKNOWN) }),
  'in the form of another version': (shared, pdu) =>
    resigned(shared, pdu, {
      event_id: `$x:${shared.peer.name}`,
      prev_events: [[UNKNOWN, { sha256: 'x' }]],
      auth_events: [],
    }),
  'of a depth below zero': (shared, pdu) => resigned(shared, pdu, { depth: -1 }),
  'of a depth in words': (_shared, pdu) => ({ ...pdu, depth: 'deep' }),
  'of a time for which no key holds': (shared, pdu) =>
    resigned(shared, pdu, { origin_server_ts: 9_000_000_000_000_000 }),
  'with a fraction': (_shared, pdu) => ({ ...pdu, content: { n: 0.5 } }),
  'with a content that is none': (_shared, pdu) => ({ ...pdu, content: 'x' }),
  'with a type that is none': (_shared, pdu) => ({ ...pdu, type: ['x'] }),
  'a second creation': (shared, pdu) =>
    resigned(shared, pdu, { type: 'm.room.create', state_key: '', content: {} }),
  'of more power than its sender has': (shared, pdu) =>
    resigned(shared, pdu, {
      ...{ type: 'm.room.power_levels', state_key: '' },
      content: { users: { [shared.bob]: 100 } },
    }),
  'another event of nothing': () => ({}),
};

const UNKNOWN = `$${'A'.repeat(43)}` as EventId;

test('of any mixture of what is wrong each is refused, what is right beside it taken in, and nothing else happens', async () => {
  const shared = await receivingHome(authority);
  const other = await startPeer(authority);
  const second = await shared.createRoom();
  await shared.joins(other, userOf(other), second);
  let said = 0;
  const mixture = fc.array(fc.constantFrom(...Object.keys(WRONG)), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(mixture, async (names) => {
      const good = await shared.event(says(shared.bob, `good ${++said}`));
      const beside = await shared.event(says(userOf(other), `other ${said}`), second);
      const wrong: JsonObject[] = [];
      for (const name of names) wrong.push(await WRONG[name]!(shared, good.pdu));
      const [reply, ofOther] = await Promise.all([
        shared.send(shared.peer, { pdus: [...wrong, good.pdu] }),
        shared.send(other, { pdus: [beside.pdu] }),
      ]);
      expect(ofOther.body).toEqual({ pdus: { [beside.eventId]: {} } });
      const { [good.eventId]: ofGood, ...rest } = reply.body.pdus as Record<string, JsonObject>;
      expect([reply.status, ofGood]).toEqual([200, {}]);
      for (const outcome of Object.values(rest)) expect(outcome.error).toEqual(expect.any(String));
      expect((await shared.bodies()).at(-1)).toBe(`good ${said}`);
      expect(await shared.bodies()).toHaveLength(said);
    }),
    { numRuns: 12 },
  );
  expect(await shared.bodies(second)).toHaveLength(said);
  expect(await kept(shared)).toEqual([]);
  const lines = shared.home.reported.filter((error) => error instanceof RefusedFromServer);
  expect(lines.length).toBeGreaterThan(0);
  // Refused events, rejected ones, and those that name no room.
  expect(lines.length).toBeLessThanOrEqual(3);
  expect(shared.home.reported).toHaveLength(lines.length);
});

/** What is kept though nobody is shown it, but for what the rules reject, which others may be built on. */
async function kept(shared: ReceivingHome): Promise<string[]> {
  const rows = await shared.home.server.fresh.database.query<{ type: string }>(
    'kept_of_hostile',
    `SELECT type FROM event WHERE outlier OR soft_failed
       OR sender LIKE '@eve:elsewhere%' OR (rejected AND state_before IS NULL)`,
  );
  return rows.map(({ type }) => type);
}

test.each<[string, (pdu: JsonObject) => unknown, [number, string]]>([
  [
    'is nested too deeply around its events',
    (pdu) => ({ pdus: [pdu], more: nested(250) }),
    [400, 'M_BAD_JSON'],
  ],
  ['has something else than objects', () => ({ pdus: [7] }), [400, 'M_BAD_JSON']],
  ['has no list', () => ({ pdus: {} }), [400, 'M_BAD_JSON']],
])(
  'a transaction that %s is refused whole, and the next one is not',
  async (_what, make, refusal) => {
    const shared = await receivingHome(authority);
    const { pdu } = await shared.event(says(shared.bob));
    const content = make(pdu) as { pdus: JsonObject[] };
    const to = { origin: shared.home.server.origin, name: shared.name };
    const reply = await shared.peer.sendsText(to, 'whole', JSON.stringify(content));
    expect([reply.status, reply.body.errcode]).toEqual(refusal);
    expect(await shared.bodies()).toEqual([]);
    expect((await shared.send(shared.peer, { pdus: [pdu] })).status).toBe(200);
    expect(await shared.bodies()).toEqual(['said']);
  },
);

test('a transaction that another server than its origin signed is refused', async () => {
  const shared = await receivingHome(authority);
  const { pdu } = await shared.event(says(shared.bob));
  const { status, body } = await shared.home.server.ask('PUT /_matrix/federation/v1/send/forged', {
    body: { pdus: [pdu] },
    headers: {
      authorization: `X-Matrix origin="${shared.peer.name}",destination="${shared.name}",key="ed25519:name",sig="AAAA"`,
    },
  });
  expect([status, body.errcode]).toEqual([401, 'M_UNAUTHORIZED']);
  expect(await shared.bodies()).toEqual([]);
});

test('an event of the future stands where it came, and what is said behind it follows', async () => {
  const shared = await receivingHome(authority);
  const { pdu } = await shared.event(says(shared.bob, 'of tomorrow'));
  const inThreeDays = shared.home.server.clock.ms + 3 * 24 * 3_600_000;
  const future = resigned(shared, pdu, { origin_server_ts: inThreeDays, depth: 2 ** 50 });
  const { body } = await shared.send(shared.peer, { pdus: [future] });
  expect(Object.values(body.pdus as JsonObject)).toEqual([{}]);
  await shared.home.say('ours', shared.roomId);
  expect(await shared.bodies()).toEqual(['of tomorrow', 'ours']);
});

test('a server that storms is told to come again, while another is heard', async () => {
  const shared = await receivingHome(authority);
  const other = await startPeer(authority);
  const second = await shared.createRoom();
  await shared.joins(other, userOf(other), second);
  const orphans = Array.from({ length: 20 }, (_, index) => says(shared.bob, `storm ${index}`));
  const events = [];
  for (const draft of orphans) events.push(await shared.event(draft));
  const calm = await shared.event(says(userOf(other), 'calm'), second);
  const storm = events.map(({ pdu }) => shared.send(shared.peer, { pdus: [pdu] }));
  expect((await shared.send(other, { pdus: [calm.pdu] })).body).toEqual({
    pdus: { [calm.eventId]: {} },
  });
  const replies = await Promise.all(storm);
  const statuses = new Set(replies.map(({ status }) => status));
  expect([...statuses].every((status) => status === 200 || status === 429)).toBe(true);
  for (const { status, body } of replies)
    if (status === 429) expect(body.errcode).toBe('M_LIMIT_EXCEEDED');
  expect(await shared.bodies(second)).toEqual(['calm']);
  const last = await shared.event(says(shared.bob, 'last'));
  expect((await shared.send(shared.peer, { pdus: [last.pdu] })).status).toBe(200);
  const taken = replies.filter(({ status }) => status === 200).length;
  expect(await shared.bodies()).toHaveLength(taken + 1);
});

function nested(depth: number): JsonObject {
  let value: JsonValue = 'x';
  for (let level = 0; level < depth; level++) value = { a: value };
  return value as JsonObject;
}
