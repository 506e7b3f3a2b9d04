import { expect, test, vi } from 'vitest';
import {
  type ForeignDraft,
  foreignServers,
  keyOf,
  keysOfNames,
} from '../../../test/support/foreign-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bodiesIn, bringIn, carol, openRooms } from '../../../test/support/rooms.ts';
import type { EventId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { addSignature, signingKeyFromSeed } from '../../protocol/signatures.ts';
import type { Elsewhere, OtherServers } from '../elsewhere/other-servers.ts';
import { Resolver } from '../state/resolving/resolver.ts';
import { Unresolved } from '../state/resolving/unresolved.ts';

const VERSIONS = ['1', '6', '10', '12'];
const dora = '@dora:far.example' as UserId;
const mod = '@mod:policy.example' as UserId;
const [far, policy] = ['far.example', 'policy.example'] as ServerName[] as [ServerName, ServerName];
const key = signingKeyFromSeed('ed25519:policy_server', Buffer.alloc(32, 5));

test.each(VERSIONS)(
  'what people here say goes into the room as its policy server has signed it (version %s)',
  async (version) => {
    await using bench = await workbench({ version });
    const eventId = await bench.say('hello');
    expect(bench.asked).toEqual([[policy, 'hello']]);
    expect(await bench.bodies()).toEqual(['hello']);
    expect(await bench.signersOf(eventId)).toEqual(['example.org', policy]);
    expect(await bench.ends()).toEqual([eventId]);
  },
);

test.each(VERSIONS)(
  'what another server has not had signed is asked for, once, and kept as it is signed (version %s)',
  async (version) => {
    await using bench = await workbench({ version });
    const { pdu, eventId } = await bench.event(says(dora, 'hello'));
    expect(await bench.receive(pdu)).toEqual(['accepted']);
    expect(await bench.receive(pdu)).toEqual(['accepted']);
    expect(bench.asked).toEqual([[policy, 'hello']]);
    expect(await bench.bodies()).toEqual(['hello']);
    expect(await bench.signersOf(eventId)).toEqual([far, policy]);
  },
);

test('what is not recommended nobody sees: of ours nothing is kept, of others it is soft-failed', async () => {
  await using bench = await workbench({ refuses: ['spam'] });
  const refusal = { status: 400, errcode: 'M_FORBIDDEN', message: 'no spam' };
  await expect(bench.say('spam')).rejects.toMatchObject(refusal);
  const before = await bench.ends();
  const spam = await bench.event(says(dora, 'spam'));
  expect(await bench.receive(spam.pdu)).toEqual(['soft-failed']);
  expect(await bench.receive(spam.pdu)).toEqual(['soft-failed']);
  expect(bench.asked).toHaveLength(2);
  expect(await bench.bodies()).toEqual([]);
  expect(await bench.ends()).toEqual(before);
  // What follows it is heard all the same.
  const next = await bench.event({ ...says(dora, 'sorry'), after: [spam.eventId] });
  expect(await bench.receive(next.pdu)).toEqual(['accepted']);
  await bench.say('never mind');
  expect(await bench.bodies()).toEqual(['sorry', 'never mind']);
});

test('state is asked about as well: a change of the topic that is refused is none', async () => {
  await using bench = await workbench({ refuses: ['topic'] });
  const topic = { type: 'm.room.topic', stateKey: '', content: { body: 'topic', topic: 'spam' } };
  await expect(bench.rooms.send(bench.roomId, { sender: alice, ...topic }, {})).rejects.toThrow();
  const theirs = await bench.event({ sender: dora, ...topic });
  expect(await bench.receive(theirs.pdu)).toEqual(['soft-failed']);
  expect(await bench.content('m.room.topic')).toBeUndefined();
  expect(bench.asked).toHaveLength(2);
});

test('what is signed already is not asked about, and what is signed by an older key is', async () => {
  await using bench = await workbench();
  const [old, signed] = [
    await bench.event(says(dora, 'old')),
    await bench.event(says(dora, 'new')),
  ];
  const former = signingKeyFromSeed('ed25519:policy_server', Buffer.alloc(32, 6));
  expect(await bench.receive(bench.signed(signed.pdu), bench.signed(old.pdu, former))).toEqual([
    'accepted',
    'accepted',
  ]);
  expect(bench.asked).toEqual([[policy, 'old']]);
});

test('who answers with no signature, or by another key, recommends nothing', async () => {
  await using bench = await workbench();
  for (const [answer, body] of [
    [{}, 'a'],
    [{ [policy]: { 'ed25519:policy_server': 'AAAA' } }, 'b'],
  ] as const) {
    bench.answersWith(async () => answer);
    await expect(bench.say(body)).rejects.toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
    expect(await bench.receive((await bench.event(says(dora, body))).pdu)).toEqual(['soft-failed']);
  }
});

test('one that does not answer is waited for twice, and not asked for each event: what it would have signed is soft-failed', async () => {
  await using bench = await workbench();
  bench.answersWith(() => Promise.reject(GONE));
  const several = await Promise.all(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((body) => bench.event(says(dora, body))),
  );
  const pdus = several.map(({ pdu }) => pdu);
  for (let times = 0; times < 2; times += 1)
    await expect(bench.receive(...pdus)).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  expect(new Set(await bench.receive(...pdus))).toEqual(new Set(['soft-failed']));
  expect(bench.asked.length).toBeLessThanOrEqual(4);
  bench.answersWith(undefined);
  bench.passMs(10_000);
  expect(await bench.receive((await bench.event(says(dora, 'late'))).pdu)).toEqual(['accepted']);
  // From here on it is waited for again.
  bench.answersWith(() => Promise.reject(GONE));
  const next = await bench.event(says(dora, 'next'));
  await expect(bench.receive(next.pdu)).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
});

test('what people here say is not sent while it does not answer, and is at the next try when it does', async () => {
  await using bench = await workbench();
  bench.answersWith(() => Promise.reject(GONE));
  const away = { status: 502, errcode: 'M_UNKNOWN' };
  for (const body of ['a', 'b']) await expect(bench.say(body)).rejects.toMatchObject(away);
  expect(bench.asked).toHaveLength(1);
  bench.answersWith(undefined);
  bench.passMs(10_000);
  await bench.say('c');
  expect(await bench.bodies()).toEqual(['c']);
});

test('whoever leaves has left, whatever it says: an account can be closed', async () => {
  await using bench = await workbench();
  await bringIn(bench, bench.roomId, carol);
  bench.answersWith(() => Promise.reject(new MatrixError(400, 'M_FORBIDDEN', 'stay')));
  const leave = { sender: carol, target: carol, action: 'leave' } as const;
  await bench.rooms.changeMembership(bench.roomId, leave, {});
  expect((await bench.rooms.open(bench.roomId))!.membershipOf(carol)).toBe('leave');
  const kick = { sender: alice, target: dora, action: 'kick' } as const;
  await expect(bench.rooms.changeMembership(bench.roomId, kick, {})).rejects.toThrow('stay');
});

test('where it passes on what it has signed before it answers there is one event', async () => {
  await using bench = await workbench();
  bench.answersWith(async (pdu) => {
    expect(await bench.receive(bench.signed(pdu))).toEqual(['accepted']);
    return bench.signaturesOf(pdu);
  });
  const told: EventId[] = [];
  const origin = { outcome: (eventId: EventId) => void told.push(eventId) };
  const eventId = await bench.rooms.send(bench.roomId, { sender: alice, ...message('x') }, origin);
  expect([told, await bench.ends()]).toEqual([[eventId], [eventId]]);
  expect(await bench.bodies()).toEqual(['x']);
});

test('where the states that meet cannot be resolved just now it is to be said again', async () => {
  await using bench = await workbench();
  using tooMuch = vi.spyOn(Resolver.prototype, 'decide').mockRejectedValue(new Unresolved('no'));
  const topic = { type: 'm.room.topic', stateKey: '' };
  const theirs = await bench.event({ sender: dora, ...topic, content: { topic: 'theirs' } });
  bench.answersWith(async (pdu) => {
    if (bodyOf(pdu) === 'ours') expect(await bench.receive(theirs.pdu)).toEqual(['accepted']);
    return bench.signaturesOf(pdu);
  });
  const draft = { sender: alice, ...topic, content: { topic: 'ours', body: 'ours' } };
  const busy = { errcode: 'M_LIMIT_EXCEEDED' };
  await expect(bench.rooms.send(bench.roomId, draft, {})).rejects.toMatchObject(busy);
  expect(tooMuch).toHaveBeenCalled();
  expect(await bench.ends()).toEqual([theirs.eventId]);
});

test('no answer of it ends a login here', async () => {
  await using bench = await workbench();
  bench.answersWith(() => Promise.reject(new MatrixError(401, 'M_UNKNOWN_TOKEN', 'out')));
  await expect(bench.say('x')).rejects.toMatchObject({ status: 502, errcode: 'M_UNKNOWN' });
  bench.passMs(10_000);
  bench.answersWith(() => Promise.reject(new MatrixError(429, 'M_LIMIT_EXCEEDED', 'slowly')));
  await expect(bench.say('x')).rejects.toMatchObject({ status: 429, errcode: 'M_LIMIT_EXCEEDED' });
});

test('the room goes on while it is asked, and what is said meanwhile stands beside what comes then', async () => {
  await using bench = await workbench();
  const { promise: may, resolve: answer } = Promise.withResolvers<void>();
  bench.answersWith(async (pdu) => {
    if (bodyOf(pdu) === 'slow') await may;
    return bench.signaturesOf(pdu);
  });
  const slow = bench.say('slow');
  await expect.poll(() => bench.asked).toHaveLength(1);
  const quick = await bench.say('quick');
  answer();
  const both = [await slow, quick];
  expect((await bench.ends()).sort()).toEqual(both.sort());
  expect((await bench.bodies()).sort()).toEqual(['quick', 'slow']);
  await bench.say('both');
  expect(await bench.ends()).toHaveLength(1);
});

test('who is banned while it is asked is not heard any more', async () => {
  await using bench = await workbench();
  await bringIn(bench, bench.roomId, carol);
  const { promise: may, resolve: answer } = Promise.withResolvers<void>();
  bench.answersWith(async (pdu) => {
    if (bodyOf(pdu) === 'last') await may;
    return bench.signaturesOf(pdu);
  });
  const last = bench.say('last', carol);
  const refused = expect(last).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  await expect.poll(() => bench.asked.at(-1)).toEqual([policy, 'last']);
  await bench.rooms.changeMembership(
    bench.roomId,
    { sender: alice, target: carol, action: 'ban' },
    {},
  );
  answer();
  await refused;
  expect(await bench.bodies()).toEqual([]);
});

test('what its request is told is committed with the event', async () => {
  await using bench = await workbench();
  const told: EventId[] = [];
  const origin = {
    ...{ deviceId: 'D', txnId: 't1' },
    outcome: (eventId: EventId) => void told.push(eventId),
  };
  const eventId = await bench.rooms.send(bench.roomId, { sender: alice, ...message('x') }, origin);
  expect(told).toEqual([eventId]);
  const event = await (await bench.rooms.open(bench.roomId))!.event(eventId);
  expect(event?.origin).toEqual({ deviceId: 'D', txnId: 't1' });
});

test.each([
  ['nobody of it is in the room', (bench: Bench) => bench.moves(mod, 'leave')],
  ['the room takes it back', (bench: Bench) => bench.appoint({})],
  [
    'the room names this server',
    (bench: Bench) => bench.appoint({ ...bench.appointed, via: 'example.org' }),
  ],
])('it is asked nothing where %s', async (_, end) => {
  await using bench = await workbench({ refuses: ['hello', 'too'] });
  await expect(bench.say('hello')).rejects.toThrow('no spam');
  const asked = bench.asked.length;
  await end(bench);
  await bench.say('hello');
  expect(await bench.receive((await bench.event(says(dora, 'too'))).pdu)).toEqual(['accepted']);
  expect(bench.asked.slice(asked).filter(([, body]) => body !== undefined)).toEqual([]);
});

test('a server that knows no such question has said nothing of the event', async () => {
  await using bench = await workbench();
  bench.answersWith(() => Promise.reject(new MatrixError(404, 'M_UNRECOGNIZED', 'what?')));
  await expect(bench.say('hello')).rejects.toMatchObject({ status: 502, errcode: 'M_UNKNOWN' });
  const { pdu } = await bench.event(says(dora, 'hello'));
  await expect(bench.receive(pdu)).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED' });
  bench.passMs(60_000);
  bench.answersWith(undefined);
  expect(await bench.receive(pdu)).toEqual(['accepted']);
});

test('it is asked again when somebody else of it has come', async () => {
  await using bench = await workbench();
  await bench.moves(mod, 'leave');
  await bench.say('without');
  await bench.moves('@other:policy.example' as UserId, 'join');
  await bench.say('with');
  expect(bench.asked.flatMap(([, body]) => body ?? [])).toEqual(['with']);
});

test.each(['1', '6', '12'])(
  'what closes a room that is replaced it has signed before anybody sees it (version %s)',
  async (version) => {
    await using bench = await workbench({ version });
    await bench.upgrade();
    const [tombstone, levels] = [
      await bench.stateEvent('m.room.tombstone'),
      await bench.stateEvent('m.room.power_levels'),
    ];
    for (const each of [tombstone, levels])
      expect(await bench.signersOf(each!.eventId)).toEqual(['example.org', policy]);
    expect(bench.asked).toEqual([
      [policy, 'This room has been replaced'],
      [policy, undefined],
    ]);
    expect(await bench.ends()).toEqual([levels!.eventId]);
  },
);

test('a room whose policy server does not let it be replaced is not, and no other is there', async () => {
  await using bench = await workbench({ refuses: ['This room has been replaced'] });
  await expect(bench.upgrade()).rejects.toThrow('no spam');
  expect(await bench.stateEvent('m.room.tombstone')).toBeUndefined();
  expect(await bench.countRooms()).toBe(1);
  await bench.say('we stay');
});

test('a room that goes on while it is asked is closed behind what was said', async () => {
  await using bench = await workbench();
  const { pdu: theirs, eventId: said } = await bench.event(says(dora, 'wait'));
  let asked = 0;
  bench.answersWith(async (pdu) => {
    if (asked++ === 0) expect(await bench.receive(bench.signed(theirs))).toEqual(['accepted']);
    return bench.signaturesOf(pdu);
  });
  const roomId = await bench.upgrade();
  const tombstone = await bench.stateEvent('m.room.tombstone');
  expect(tombstone!.content.replacement_room).toBe(roomId);
  expect((await bench.pduOf(tombstone!.eventId)).prev_events).toEqual([said]);
  expect(await bench.ends()).toEqual([(await bench.stateEvent('m.room.power_levels'))!.eventId]);
  expect(await bench.countRooms()).toBe(2);
  expect(bench.followed).toEqual([[alice, bench.roomId, roomId]]);
});

test('another server can take it back as well, whatever it says', async () => {
  await using bench = await workbench();
  bench.answersWith(() => Promise.reject(new MatrixError(400, 'M_FORBIDDEN', 'never')));
  const gone = { type: 'm.room.policy', stateKey: '', content: {} };
  const { pdu } = await bench.event({ sender: dora, ...gone });
  expect(await bench.receive(pdu)).toEqual(['accepted']);
  await bench.say('free');
  expect(bench.asked).toEqual([]);
});

test('an invite to another server is signed before that server sees it', async () => {
  await using bench = await workbench();
  bench.asked.length = 0;
  bench.answersWith(() => Promise.reject(new MatrixError(400, 'M_FORBIDDEN', 'no invites')));
  const target = '@emil:far.example' as UserId;
  const invite = { sender: alice, target, action: 'invite' } as const;
  await expect(bench.rooms.changeMembership(bench.roomId, invite, {})).rejects.toThrow(
    'no invites',
  );
  expect(bench.invited).toEqual([]);
  bench.answersWith(undefined);
  await bench.rooms.changeMembership(bench.roomId, invite, {}).catch(() => {});
  const signatures = bench.invited[0]!.signatures as JsonObject;
  expect(Object.keys(signatures).sort()).toEqual(['example.org', policy]);
});

test('an invite that is passed on before it is answered is there once, and answered as any other', async () => {
  await using bench = await workbench();
  bench.firstPassesOn(async (pdu) => expect(await bench.receive(pdu)).toEqual(['accepted']));
  const target = '@emil:far.example' as UserId;
  const told: EventId[] = [];
  const eventId = await bench.rooms.changeMembership(
    bench.roomId,
    { sender: alice, target, action: 'invite' },
    { outcome: (each) => void told.push(each) },
  );
  expect([told, await bench.ends()]).toEqual([[eventId], [eventId]]);
  expect((await bench.rooms.open(bench.roomId))!.membershipOf(target)).toBe('invite');
});

type Bench = Awaited<ReturnType<typeof workbench>>;

const message = (body: string) => ({ type: 'm.room.message', content: { body } });
const says = (sender: UserId, body: string): ForeignDraft => ({ sender, ...message(body) });
const GONE = Object.assign(new Error('gone'), { name: 'ServerUnreachable' });
const bodyOf = ({ content }: JsonObject) => (content as JsonObject).body;

/** A room of alice's in which dora is, and a policy server that signs all but what has these bodies. */
async function workbench({
  version = '12',
  refuses = [],
}: {
  version?: string;
  refuses?: readonly string[];
} = {}) {
  const fresh = await freshDatabase();
  const asked: [ServerName, unknown][] = [];
  const invited: JsonObject[] = [];
  const rules = rulesOf(version)!;
  const signed = (pdu: JsonObject, by = key) => addSignature(pdu, rules, policy, by);
  const signaturesOf = (pdu: JsonObject): JsonObject => {
    const { [policy]: own } = signed(pdu).signatures as JsonObject;
    return { [policy]: { [key.keyId]: (own as JsonObject)[key.keyId]! } };
  };
  const asAsked = async (pdu: JsonObject) => {
    if (refuses.includes(bodyOf(pdu) as string))
      throw new MatrixError(400, 'M_FORBIDDEN', 'no spam');
    return signaturesOf(pdu);
  };
  let answer = asAsked;
  let passesOn: ((pdu: JsonObject) => Promise<unknown>) | undefined;
  const servers: Partial<OtherServers> = {
    async recommendation(server, pdu) {
      asked.push([server, bodyOf(pdu)]);
      return answer(pdu);
    },
    async invite(_server, { pdu }) {
      invited.push(pdu);
      const countersigned = addSignature(pdu, rules, far, keyOf(far));
      await passesOn?.(countersigned);
      return countersigned;
    },
  };
  const elsewhere = { servers } as Elsewhere;
  let nowMs = 1_700_000_000_000;
  const under = await openRooms(fresh, { eventKeys: keysOfNames, elsewhere, now: () => nowMs++ });
  const { rooms } = under;
  const override = { events: { 'm.room.topic': 0, 'm.room.policy': 0 } };
  const roomId = await rooms.create(
    alice,
    { room_version: version, preset: 'public_chat', power_level_content_override: override },
    {},
  );
  const foreign = foreignServers(fresh);
  const receive = async (...pdus: JsonObject[]) =>
    (await rooms.receiver.receive(roomId, pdus, { origin: far, isPushed: true })).map(
      ({ kind }) => kind,
    );
  const moves = async (userId: UserId, membership: 'join' | 'leave') => {
    const content = { membership };
    const draft = { sender: userId, type: 'm.room.member', stateKey: userId, content };
    expect(await receive((await foreign.event(roomId, draft)).pdu)).toEqual(['accepted']);
  };
  const appoint = (content: JsonObject) =>
    rooms.send(roomId, { sender: alice, type: 'm.room.policy', stateKey: '', content }, {});
  await moves(dora, 'join');
  await moves(mod, 'join');
  const appointed = { via: policy, public_keys: { ed25519: key.publicKey } };
  await appoint(appointed);
  expect(asked).toEqual([]);
  return {
    ...under,
    ...{ asked, invited, roomId, receive, signed, signaturesOf, appoint, appointed, moves },
    event: (draft: ForeignDraft) => foreign.event(roomId, draft),
    ends: () => foreign.ends(roomId),
    say: (body: string, sender = alice) => rooms.send(roomId, { sender, ...message(body) }, {}),
    bodies: () => bodiesIn(under, roomId),
    content: (type: string) => under.stateContent(roomId, type),
    /** Whoever is invited to, before it answers. */
    firstPassesOn(as: typeof passesOn) {
      passesOn = as;
    },
    passMs(ms: number) {
      nowMs += ms;
    },
    /** As at first, where undefined. */
    answersWith(as: typeof asAsked | undefined) {
      answer = as ?? asAsked;
    },
    upgrade: () =>
      rooms.upgrade(roomId, { userId: alice, version: '12', additionalCreators: [] }, {}),
    stateEvent: async (type: string) => {
      const state = await (await rooms.open(roomId))!.state();
      return state.find((each) => each.type === type);
    },
    countRooms: async () => (await fresh.database.query('rooms', 'SELECT 1 FROM room')).length,
    pduOf: (eventId: EventId) => pduOf(fresh, eventId),
    signersOf: async (eventId: EventId) =>
      Object.keys((await pduOf(fresh, eventId)).signatures as JsonObject).sort(),
    [Symbol.asyncDispose]: () => under[Symbol.asyncDispose](),
  };
}

async function pduOf(
  { database }: Awaited<ReturnType<typeof freshDatabase>>,
  eventId: EventId,
): Promise<JsonObject> {
  const [row] = await database.query<{ json: string }>(
    'pdu_of',
    'SELECT json FROM event WHERE event_id = $1',
    [eventId],
  );
  return JSON.parse(row!.json) as JsonObject;
}
