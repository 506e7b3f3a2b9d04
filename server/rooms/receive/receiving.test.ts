import { expect, test, vi } from 'vitest';
import {
  type ForeignDraft,
  foreignServers,
  keyOf,
  keysOfNames,
} from '../../../test/support/foreign-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bodiesIn, openRooms } from '../../../test/support/rooms.ts';
import type { EventId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { rulesOf } from '../../protocol/room-versions.ts';
import { signEvent } from '../../protocol/signatures.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import type { EventKeys } from '../ports.ts';
import { Resolver } from '../state/resolving/resolver.ts';
import { Unresolved } from '../state/resolving/unresolved.ts';
import type { Receiving } from './receiving.ts';

const VERSIONS = ['1', '3', '6', '10', '11', '12'];
const dora = '@dora:far.example' as UserId;
const emil = '@emil:off.example' as UserId;
const far = 'far.example' as ServerName;

test.each(VERSIONS)(
  'whoever joins from another server is in the room, and is heard and answered (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    expect(await bench.joins(dora)).toBe('accepted');
    const hello = await bench.event({ ...says(dora), content: { body: 'hello' } });
    expect(await bench.receive(hello.pdu)).toEqual(['accepted']);
    const answer = await bench.say('answer');
    expect(await bench.prevOf(answer)).toEqual([hello.eventId]);
    expect(await bench.bodies()).toEqual(['hello', 'answer']);
    const room = (await bench.rooms.open(bench.roomId))!;
    expect(room.membershipOf(dora)).toBe('join');
    expect([...room.members('join')].sort()).toEqual([alice, dora]);
  },
);

test('an event that comes again is there once, also twice in one transaction', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  const { pdu } = await bench.event(says(dora));
  expect(await bench.receive(pdu, pdu)).toEqual(['accepted', 'accepted']);
  const both = await Promise.all([bench.receive(pdu), bench.receive(pdu)]);
  expect(both).toEqual([['accepted'], ['accepted']]);
  expect(await bench.bodies()).toEqual(['said']);
});

test('a chain of events is taken in the order of their depth, however they come', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  const chain = [await bench.event(says(dora, '0'))];
  for (let count = 1; count < 20; count++)
    chain.push(await bench.event({ ...says(dora, `${count}`), after: [chain.at(-1)!.eventId] }));
  const results = await bench.receive(...chain.map(({ pdu }) => pdu).reverse());
  expect(new Set(results)).toEqual(new Set(['accepted']));
  expect(await bench.bodies()).toEqual(chain.map((_, index) => `${index}`));
  expect(await bench.ends()).toEqual([chain.at(-1)!.eventId]);
});

test.each(VERSIONS)(
  'who speaks at once makes two ends, on both of which the next event is built (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    await bench.joins(dora);
    const theirs = await bench.event(says(dora, 'theirs'));
    const ours = await bench.say('ours');
    expect(await bench.receive(theirs.pdu)).toEqual(['accepted']);
    expect((await bench.ends()).sort()).toEqual([ours, theirs.eventId].sort());
    const next = await bench.say('next');
    expect([...(await bench.prevOf(next))].sort()).toEqual([ours, theirs.eventId].sort());
    expect(await bench.ends()).toEqual([next]);
    expect(await bench.bodies()).toEqual(['ours', 'theirs', 'next']);
    await bench.isAsStored();
  },
);

test.each(VERSIONS)(
  'of two topics at once one stands, the same from whichever side the other comes (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    await bench.joins(dora);
    const before = await bench.ends();
    await bench.set(alice, 'm.room.topic', { topic: 'ours' });
    const [ours] = await bench.ends();
    const theirs = await bench.event({ ...topic(dora, 'theirs'), after: before });
    const seen = (await bench.rooms.open(bench.roomId))!.lastPosition;
    expect(await bench.receive(theirs.pdu)).toEqual(['accepted']);
    const stands = await bench.content('m.room.topic');
    expect(['ours', 'theirs']).toContain(stands?.topic);
    const room = (await bench.rooms.open(bench.roomId))!;
    const changed = await room.stateDelta({ after: seen, upTo: room.lastPosition });
    expect(changed.map(({ content }) => content.topic)).toEqual(
      stands?.topic === 'theirs' ? ['theirs'] : [],
    );
    expect((await bench.ends()).sort()).toEqual([ours!, theirs.eventId].sort());
    await bench.say('on both');
    expect(await bench.content('m.room.topic')).toEqual(stands);
    await bench.isAsStored();
  },
);

test('an event that meets a conflict which is too much is refused alone, and may come again', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  const before = await bench.ends();
  await bench.set(alice, 'm.room.topic', { topic: 'ours' });
  const theirs = await bench.event({ ...topic(dora, 'theirs'), after: before });
  const hello = await bench.event(says(dora, 'hello'));
  using tooMuch = vi.spyOn(Resolver.prototype, 'decide').mockRejectedValue(new Unresolved('no'));
  expect(await bench.receive(theirs.pdu, hello.pdu)).toEqual(['refused', 'accepted']);
  expect(await bench.bodies()).toEqual(['hello']);
  tooMuch.mockRestore();
  expect(await bench.receive(theirs.pdu)).toEqual(['accepted']);
  await bench.isAsStored();
});

test.each(VERSIONS)(
  'what somebody says behind their ban is kept, and shown to nobody (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    await bench.joins(dora);
    const late = await bench.event(says(dora, 'before the ban, they say'));
    await bench.ban(dora);
    const [ban] = await bench.ends();
    expect(await bench.receive(late.pdu)).toEqual(['soft-failed']);
    expect(await bench.receive(late.pdu)).toEqual(['soft-failed']);
    expect(await bench.bodies()).toEqual([]);
    expect(await bench.ends()).toEqual([ban]);
    expect(await bench.prevOf(await bench.say('peace'))).toEqual([ban]);
    await bench.isAsStored();
  },
);

test('an event that is built on a soft-failed one and allowed is shown', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  await bench.joins(emil);
  const late = await bench.event(says(dora, 'late'));
  const onLate = await bench.event({ ...says(emil, 'on it'), after: [late.eventId] });
  await bench.ban(dora);
  expect(await bench.receive(late.pdu, onLate.pdu)).toEqual(['soft-failed', 'accepted']);
  expect(await bench.bodies()).toEqual(['on it']);
  expect((await bench.ends()).length).toBe(2);
  await bench.isAsStored();
});

test('whoever has no power to change the state does not, and what follows such an event is taken', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  const name = await bench.event(named(dora, 'theirs'));
  const next = await bench.event({ ...says(dora, 'next'), after: [name.eventId] });
  expect(await bench.receive(name.pdu, next.pdu)).toEqual(['rejected', 'accepted']);
  expect(await bench.receive(name.pdu)).toEqual(['rejected']);
  expect(await bench.content('m.room.name')).toBeUndefined();
  expect(await bench.bodies()).toEqual(['next']);
  await bench.isAsStored();
});

test('a server whose keys are waited for holds nobody else up in the room', async () => {
  const slow = slowKeys();
  await using bench = await workbench('12', slow.keys);
  await bench.joins(dora);
  const held = bench.receive((await bench.event(says(eve))).pdu);
  const { pdu } = await bench.event(says(dora, 'meanwhile'));
  expect(await bench.receive(pdu)).toEqual(['accepted']);
  slow.come();
  expect(await held).toEqual(['rejected']);
  expect(await bench.bodies()).toEqual(['meanwhile']);
});

test('a server that the room denies while its keys are waited for is not heard any more', async () => {
  const slow = slowKeys();
  await using bench = await workbench('12', slow.keys);
  const { pdu } = await bench.event({
    ...says(eve),
    type: 'm.room.member',
    stateKey: eve,
    ...JOIN,
  });
  const origin = 'slow.example' as ServerName;
  const held = bench.rooms.receiver.receive(bench.roomId, [pdu], { origin, isPushed: true });
  await slow.asked;
  await bench.set(alice, 'm.room.server_acl', { allow: ['*'], deny: [origin] });
  slow.come();
  expect((await held).map(({ kind }) => kind)).toEqual(['refused']);
  expect((await bench.rooms.open(bench.roomId))!.membershipOf(eve)).toBeUndefined();
});

test('an event whose auth events do not allow it is rejected, though the state would', async () => {
  await using bench = await workbench();
  const [before] = await bench.ends();
  const authBefore = await bench.event({ ...says(dora), after: [before!] });
  await bench.joins(dora);
  const { auth_events } = authBefore.pdu as { auth_events: EventId[] };
  const without = await bench.event({ ...says(dora), authEvents: auth_events });
  expect(await bench.receive(without.pdu)).toEqual(['rejected']);
  expect(await bench.bodies()).toEqual([]);
});

test('nothing is kept of what is not signed by the server of its sender, of another room, or of unknown descent', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  const { pdu } = await bench.event(says(dora));
  const unsigned = { ...pdu, signatures: {} };
  const { signatures } = (await bench.event(says(dora, 'other'))).pdu;
  const elsewhere = await bench.rooms.create(alice, {}, {});
  const orphan = await bench.event(says(dora));
  const child = await bench.event({ ...says(dora), after: [orphan.eventId] });
  const ofNobody = '$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' as EventId;
  const unknownAuth = await bench.event({ ...says(dora), authEvents: [ofNobody] });
  const all = [
    ...[unsigned, { ...pdu, signatures: signatures! }, { ...pdu, room_id: elsewhere }],
    ...[child.pdu, unknownAuth.pdu, {}, { ...pdu, depth: -1 }, { ...pdu, prev_events: 'x' }],
  ];
  const before = await bench.countOfEvents();
  expect(await bench.receive(...all)).toEqual(all.map(() => 'refused'));
  expect(await bench.countOfEvents()).toBe(before);
});

test('of an event whose content was changed on its way what its hash does not cover is kept', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  const { pdu } = await bench.event(says(dora, 'true'));
  const forged = { ...pdu, content: { body: 'false' } };
  expect(await bench.receive(forged)).toEqual(['accepted']);
  expect(await bench.bodies()).toEqual([undefined]);
});

test('a redaction from the server of what it redacts takes effect, and one from elsewhere does not', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  await bench.joins(emil);
  const said = await bench.event(says(dora, 'regretted'));
  await bench.receive(said.pdu);
  const redaction = (sender: UserId): ForeignDraft => ({
    ...{ sender, type: 'm.room.redaction', content: {}, redacts: said.eventId },
  });
  await bench.receive((await bench.event(redaction(emil))).pdu);
  expect(await bench.bodies()).toEqual(['regretted']);
  await bench.receive((await bench.event(redaction(dora))).pdu);
  expect(await bench.bodies()).toEqual([undefined]);
});

test.each(VERSIONS)(
  'a redaction that comes before what it redacts takes effect when that comes (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    await bench.joins(dora);
    await bench.joins(emil);
    const said = await bench.event(says(dora, 'regretted'));
    const other = await bench.event(says(dora, 'stays'));
    const redaction = (sender: UserId, redacts: EventId): ForeignDraft => ({
      ...{ sender, type: 'm.room.redaction', content: {}, redacts },
    });
    const early = await bench.event(redaction(dora, said.eventId));
    const powerless = await bench.event(redaction(emil, other.eventId));
    // Up to version 2 the auth rules themselves refuse it.
    const ofPowerless = version === '1' ? 'rejected' : 'accepted';
    expect(await bench.receive(early.pdu, powerless.pdu)).toEqual(['accepted', ofPowerless]);
    expect(await bench.receive(said.pdu, other.pdu)).toEqual(['accepted', 'accepted']);
    expect(await bench.bodies()).toEqual([undefined, 'stays']);
    await bench.isShownAlikeAfterRestart(said.eventId);
  },
);

test('of state that was redacted before it came nothing is read any more', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  const theirs = await bench.event(topic(dora, 'regretted'));
  const early = await bench.event({
    ...{ sender: dora, type: 'm.room.redaction', content: {}, redacts: theirs.eventId },
  });
  await bench.receive(early.pdu);
  expect(await bench.receive(theirs.pdu)).toEqual(['accepted']);
  expect(await bench.content('m.room.topic')).toEqual({});
  await bench.isAsStored();
});

test('while two servers and our own users speak at once nothing is lost, and the room is as it is stored', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  await bench.joins(emil);
  const said: string[] = [];
  for (let round = 0; round < 8; round++) {
    const [one, two] = [
      await bench.event(says(dora, `dora ${round}`)),
      await bench.event(topic(emil, `emil ${round}`)),
    ];
    const all = [
      bench.receive(one.pdu),
      bench.say(`alice ${round}`),
      bench.receive(two.pdu),
      bench.say(`again ${round}`),
    ];
    await Promise.all(all);
    said.push(`dora ${round}`, `alice ${round}`, `again ${round}`);
  }
  expect((await bench.bodies()).sort()).toEqual(said.sort());
  await bench.isAsStored();
});

test('what was rejected or soft-failed is not shown to who asks for it by its id', async () => {
  await using bench = await workbench();
  await bench.joins(dora);
  const softFailed = await bench.event(says(dora, 'late'));
  await bench.ban(dora);
  const rejected = await bench.event(says(dora, 'banned'));
  expect(await bench.receive(softFailed.pdu)).toEqual(['soft-failed']);
  expect(await bench.receive(rejected.pdu)).toEqual(['rejected']);
  const room = (await bench.rooms.open(bench.roomId))!;
  const found = await room.events([softFailed.eventId, rejected.eventId]);
  expect(found.length).toBe(2);
  expect(await room.visibleTo(alice, found)).toEqual([]);
});

test.each(['1', '2'])(
  'what bears the id of another event is not taken for that, and gets no row of it (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    await bench.joins(dora);
    const there = await bench.event(topic(dora, 'kept before'));
    await bench.keepsOutlier(there.pdu);
    const posing = bench.posing(there.pdu, { content: { topic: 'judged' } });
    expect(await bench.receive(posing)).toEqual(['refused']);
    expect(await bench.content('m.room.topic')).toBeUndefined();
    expect(await bench.receive(there.pdu)).toEqual(['accepted']);
    expect(await bench.receive(posing)).toEqual(['refused']);
    expect(await bench.content('m.room.topic')).toEqual({ topic: 'kept before' });
    await bench.isAsStored();
  },
);

test.each(['1', '2'])(
  'what bears the id of an outlier of another room gets no row of it (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    await bench.joins(dora);
    const other = await bench.rooms.create(alice, { room_version: version, ...OPEN }, {});
    const join = await bench.event(member(dora), other);
    await bench.rooms.receiver.receive(other, [join.pdu], { origin: far });
    const there = await bench.event(topic(dora, 'of the other room'), other);
    await bench.keepsOutlier(there.pdu, other);
    const here = await bench.event(topic(dora, 'judged'));
    const posing = bench.posing(here.pdu, { event_id: there.eventId });
    expect(await bench.receive(posing)).toEqual(['refused']);
    expect(await bench.content('m.room.topic')).toBeUndefined();
    await bench.isAsStored();
  },
);

const member = (sender: UserId): ForeignDraft => ({
  ...{ sender, type: 'm.room.member', stateKey: sender, content: { membership: 'join' } },
});
const says = (sender: UserId, body = 'said'): ForeignDraft => ({
  ...{ sender, type: 'm.room.message', content: { body } },
});
const topic = (sender: UserId, text: string): ForeignDraft => ({
  ...{ sender, type: 'm.room.topic', stateKey: '', content: { topic: text } },
});
const named = (sender: UserId, name: string): ForeignDraft => ({
  ...{ sender, type: 'm.room.name', stateKey: '', content: { name } },
});

/** Where all may set the topic. */
const OPEN = {
  preset: 'public_chat',
  power_level_content_override: { events: { 'm.room.topic': 0 } },
} as const;

const eve = '@eve:slow.example' as UserId;
const JOIN = { content: { membership: 'join' } };

/** Those of eve's server come when they may. */
function slowKeys() {
  const [asked, may] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const keys: EventKeys = async (events, rules) => {
    if (events.some(({ sender }) => sender === eve)) {
      asked.resolve();
      await may.promise;
    }
    return keysOfNames(events, rules);
  };
  return { keys, asked: asked.promise, come: may.resolve };
}

/** A public room of alice, where all may set the topic. */
async function workbench(room_version = '12', eventKeys = keysOfNames) {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh, { eventKeys });
  const { rooms } = under;
  const roomId = await rooms.create(alice, { room_version, ...OPEN }, {});
  const foreign = foreignServers(fresh);
  const receive = async (...pdus: JsonObject[]) =>
    (await rooms.receiver.receive(roomId, pdus, { origin: far })).map(({ kind }) => kind);
  return {
    ...{ rooms, roomId, receive },
    event: (draft: ForeignDraft, of = roomId) => foreign.event(of, draft),
    /** As the server whose it is would sign another event by its id. */
    posing({ hashes: _, signatures: __, ...pdu }: JsonObject, as: JsonObject) {
      return signEvent({ ...pdu, ...as }, rulesOf(room_version)!, far, keyOf(far));
    },
    keepsOutlier: (pdu: JsonObject, of = roomId) =>
      (rooms.receiver as Receiving).keepOutliers(
        { roomId: of, rules: rulesOf(room_version)! } as HotRoom,
        [pdu],
        far,
      ),
    ends: () => foreign.ends(roomId),
    say: (body: string) => under.say(roomId, alice, body),
    bodies: () => bodiesIn(under, roomId),
    content: (type: string) => under.stateContent(roomId, type),
    set: (sender: UserId, type: string, content: JsonObject) =>
      rooms.send(roomId, { sender, type, stateKey: '', content }, {}),
    async joins(userId: UserId) {
      const content = { membership: 'join' };
      const draft = { sender: userId, type: 'm.room.member', stateKey: userId, content };
      return (await receive((await foreign.event(roomId, draft)).pdu))[0];
    },
    ban: (target: UserId) =>
      rooms.changeMembership(roomId, { sender: alice, target, action: 'ban' }, {}),
    async prevOf(eventId: EventId): Promise<EventId[]> {
      const [row] = await fresh.database.query<{ json: string }>(
        'pdu_of',
        'SELECT json FROM event WHERE event_id = $1',
        [eventId],
      );
      const prev = JSON.parse(row!.json).prev_events as (EventId | [EventId])[];
      return prev.map((each) => (Array.isArray(each) ? each[0] : each));
    },
    async countOfEvents() {
      return (await fresh.database.query('count_of', 'SELECT 1 FROM event')).length;
    },
    async isShownAlikeAfterRestart(eventId: EventId) {
      const shown = async (engine: typeof rooms) => {
        const { members, unsigned } = (await (await engine.open(roomId))!.event(eventId))!;
        return { members, unsigned };
      };
      const inMemory = await shown(rooms);
      expect(inMemory.unsigned).toContain('redacted_because');
      await using again = await openRooms(fresh, { eventKeys: keysOfNames });
      expect(await shown(again.rooms)).toEqual(inMemory);
    },
    /** What is in memory is what is read of the database, by every way in which it is stored. */
    async isAsStored() {
      const inMemory = await stateOf(rooms);
      await using again = await openRooms(fresh, { eventKeys: keysOfNames });
      expect(await stateOf(again.rooms)).toEqual(inMemory);
      const room = (await again.rooms.open(roomId))!;
      const head = await again.rooms.send(
        roomId,
        { sender: alice, type: 'm.room.message', content: { body: 'last' } },
        {},
      );
      const last = (await room.event(head))!;
      expect((await room.stateAfter(last)).map(({ eventId }) => eventId).sort()).toEqual(inMemory);
    },
    [Symbol.asyncDispose]: async () => {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };

  async function stateOf(engine: typeof rooms) {
    const room = (await engine.open(roomId))!;
    return (await room.state()).map(({ eventId }) => eventId).sort();
  }
}
