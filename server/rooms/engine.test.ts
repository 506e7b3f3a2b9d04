import { expect, test } from 'vitest';
import { holdCommits } from '../../test/support/hold-commits.ts';
import { holdingReads } from '../../test/support/hold-reads.ts';
import { type FreshDatabase, freshDatabase } from '../../test/support/postgres.ts';
import {
  alice,
  bob,
  bodiesIn,
  bringIn,
  carol,
  openRooms,
  type RoomsUnderTest,
} from '../../test/support/rooms.ts';
import { RefusedForData } from '../log/log.ts';
import type { EventId, RoomAlias, RoomId } from '../protocol/identifiers.ts';
import { parseEvent } from '../protocol/parse-event.ts';
import { rulesOf } from '../protocol/room-versions.ts';
import type { Draft } from './draft.ts';

test('what is sent at once is kept in the order of its sending', async () => {
  await using bench = await workbench();
  const bodies = Array.from({ length: 100 }, (_, index) => `${index}`);
  await Promise.all(bodies.map((body) => bench.say(bench.roomId, alice, body)));
  expect(await bodiesIn(bench, bench.roomId)).toEqual(bodies);
  await expectOneChain(bench.fresh, bench.roomId);
});

test('of two changes of one state at once the later is the state, and replaces the earlier', async () => {
  await using bench = await workbench();
  const [first, second] = await Promise.all([bench.name('one'), bench.name('two')]);
  const room = await bench.rooms.open(bench.roomId);
  expect(await bench.stateContent(bench.roomId, 'm.room.name')).toEqual({ name: 'two' });
  const event = await room!.event(second!);
  expect(JSON.parse(`{${event!.unsigned}}`)).toEqual({
    prev_content: { name: 'one' },
    prev_sender: alice,
    replaces_state: first,
  });
  const [before] = await room!.stateEventsAfter((await room!.event(first!))!, [
    ['m.room.name', ''],
  ]);
  expect(before?.content).toEqual({ name: 'one' });
});

test('who comes first is first, also where the database answers them last', async () => {
  await using bench = await workbench();
  const reads = holdingReads(bench.fresh);
  await using under = await openRooms(reads.fresh);
  const names = ['one', 'two'].map(
    (name) => ({ sender: alice, type: 'm.room.name', stateKey: '', content: { name } }) as const,
  );
  const read = reads.hold('state_keys_by_name');
  const first = under.setState(bench.roomId, names[0]!);
  await read.isRead;
  const second = under.setState(bench.roomId, names[1]!);
  const third = under.say(bench.roomId, alice, 'named it');
  await bench.longerThanBuilding();
  read.goOn();
  const ids = await Promise.all([first, second, third]);
  expect(await under.stateContent(bench.roomId, 'm.room.name')).toEqual({ name: 'two' });
  const room = (await under.rooms.open(bench.roomId))!;
  const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 3 });
  expect(events.map(({ eventId }) => eventId)).toEqual(ids);
});

test('of the same reaction twice at once one is refused, though neither was there when it was looked for', async () => {
  await using bench = await workbench();
  const reads = holdingReads(bench.fresh);
  await using under = await openRooms(reads.fresh);
  const target = await under.say(bench.roomId, alice, 'what do you think');
  const react = (key = '+1') => under.rooms.send(bench.roomId, reaction(target, key), {});
  const commits = await holdCommits(bench.fresh.url);
  const first = react();
  await commits.untilOneWaits();
  const read = reads.hold('relations_by');
  const second = react();
  second.catch(() => {});
  await read.isRead;
  await commits.release();
  await first;
  read.goOn();
  await expect(second).rejects.toMatchObject({ errcode: 'M_DUPLICATE_ANNOTATION' });
  await react('-1');
});

test('so it is where what was committed since is no longer in memory', async () => {
  await using bench = await workbench();
  const other = await bench.rooms.create(alice, {}, {});
  const reads = holdingReads(bench.fresh);
  await using under = await openRooms(reads.fresh, { memoryBytesMax: 1_000 });
  const target = await under.say(bench.roomId, alice, 'what do you think');
  const react = (key = '+1') => under.rooms.send(bench.roomId, reaction(target, key), {});
  const commits = await holdCommits(bench.fresh.url);
  const first = react();
  await commits.untilOneWaits();
  const more = Array.from({ length: 5 }, (_, n) => under.say(bench.roomId, alice, `and ${n}`));
  const read = reads.hold('relations_by');
  const second = react();
  second.catch(() => {});
  await read.isRead;
  await commits.release();
  await Promise.all([first, ...more]);
  // Whoever is used makes the others thin.
  await under.say(other, alice, 'elsewhere');
  read.goOn();
  await expect(second).rejects.toMatchObject({ errcode: 'M_DUPLICATE_ANNOTATION' });
});

test('setting state to what it is makes no event', async () => {
  await using bench = await workbench();
  const ids = await Promise.all([bench.name('same'), bench.name('same')]);
  expect(ids[0]).toBe(ids[1]);
  const rows = await bench.fresh.database.query(
    'names',
    "SELECT 1 FROM event WHERE type = 'm.room.name'",
  );
  expect(rows.length).toBe(1);
});

test('readers see nothing of an event before it is committed', async () => {
  await using bench = await workbench();
  const before = (await bench.rooms.open(bench.roomId))!.lastPosition;
  const held = await holdCommits(bench.fresh.url);
  const sending = Promise.all([bench.say(bench.roomId, alice, 'soon'), bench.name('Soon')]);
  await held.untilOneWaits();
  const room = await bench.rooms.open(bench.roomId);
  expect(room!.lastPosition).toBe(before);
  expect(await bodiesIn(bench, bench.roomId)).toEqual([]);
  expect(await bench.stateContent(bench.roomId, 'm.room.name')).toBeUndefined();
  await held.release();
  await sending;
  expect(await bodiesIn(bench, bench.roomId)).toEqual(['soon']);
  expect(await bench.stateContent(bench.roomId, 'm.room.name')).toEqual({ name: 'Soon' });
});

test('nobody is refused because of a ban before the ban is committed', async () => {
  await using bench = await workbench();
  await bringIn(bench, bench.roomId, bob);
  const held = await holdCommits(bench.fresh.url);
  const ban = { sender: alice, target: bob, action: 'ban' } as const;
  const banned = bench.rooms.changeMembership(bench.roomId, ban, {});
  await held.untilOneWaits();
  let refused = false;
  const said = bench.say(bench.roomId, bob, 'hello').catch((error) => {
    refused = true;
    return error;
  });
  // A read of the database lasts longer than judging an event does.
  await bench.rooms.resolveAlias('#none:example.org' as RoomAlias);
  expect(refused).toBe(false);
  await held.release();
  await banned;
  expect(await said).toMatchObject({ status: 403, errcode: 'M_FORBIDDEN' });
});

test('what was refused because of a ban that never came is judged anew', async () => {
  await using bench = await workbench();
  await bringIn(bench, bench.roomId, bob);
  const held = await holdCommits(bench.fresh.url);
  const poison = { deviceId: 'D', txnId: 'no text in PostgreSQL \u0000' };
  const ban = { sender: alice, target: bob, action: 'ban' } as const;
  const banned = expect(
    bench.rooms.changeMembership(bench.roomId, ban, poison),
  ).rejects.toBeInstanceOf(RefusedForData);
  const said = bench.say(bench.roomId, bob, 'still here');
  await bench.longerThanBuilding();
  await held.release();
  await banned;
  await said;
  expect(await bodiesIn(bench, bench.roomId)).toEqual(['still here']);
  await expectOneChain(bench.fresh, bench.roomId);
});

test('nothing is built on a room that went out of memory while it was made ready', async () => {
  await using bench = await workbench();
  const reads = holdingReads(bench.fresh);
  await using under = await openRooms(reads.fresh);
  const target = await under.say(bench.roomId, alice, 'regret');
  await under.rooms.send(bench.roomId, redactionOf(target), {});
  const other = await under.say(bench.roomId, alice, 'regret, too');
  const commits = await holdCommits(bench.fresh.url);
  const poison = { deviceId: 'D', txnId: '\u0000' };
  const draft = { sender: alice, type: 'm.room.message', content: {} };
  const refused = expect(under.rooms.send(bench.roomId, draft, poison)).rejects.toThrow(
    RefusedForData,
  );
  await commits.untilOneWaits();
  const read = reads.hold('event_by_id');
  const redacting = under.rooms.send(bench.roomId, redactionOf(other), {});
  await read.isRead;
  await commits.release();
  await refused;
  read.goOn();
  await redacting;
  await expectOneChain(bench.fresh, bench.roomId);
});

test('that state is as wished already is told only when it is committed', async () => {
  await using bench = await workbench();
  const held = await holdCommits(bench.fresh.url);
  const first = bench.name('same');
  await held.untilOneWaits();
  let told = false;
  const second = bench.name('same').then((id) => {
    told = true;
    return id;
  });
  await bench.longerThanBuilding();
  expect(told).toBe(false);
  await held.release();
  expect(await second).toBe(await first);
});

test('an event that the database refuses takes nobody else with it', async () => {
  await using bench = await workbench();
  const poison = (draft: Partial<Draft>) =>
    bench.rooms.send(
      bench.roomId,
      { sender: alice, type: 'm.room.message', content: {}, ...draft },
      { deviceId: 'D', txnId: 'no text in PostgreSQL \u0000' },
    );
  const results = await Promise.allSettled([
    bench.say(bench.roomId, alice, 'before'),
    poison({}),
    bench.say(bench.roomId, alice, 'between'),
    poison({ type: 'm.room.topic', stateKey: '', content: { topic: 'poison' } }),
    bench.name('built on poison'),
    bench.say(bench.roomId, alice, 'behind'),
  ]);
  expect(results.map((each) => each.status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect((results[1] as PromiseRejectedResult).reason).toBeInstanceOf(RefusedForData);
  expect((await bodiesIn(bench, bench.roomId)).sort()).toEqual(['before', 'behind', 'between']);
  expect(await bench.stateContent(bench.roomId, 'm.room.topic')).toBeUndefined();
  expect(await bench.stateContent(bench.roomId, 'm.room.name')).toEqual({
    name: 'built on poison',
  });
  await expectOneChain(bench.fresh, bench.roomId);
  await expectSameAfterRestart(bench, [bench.roomId]);
});

test('a room that is refused whole is not there', async () => {
  await using bench = await workbench();
  const outcome = {
    key: Buffer.alloc(1),
    status: 200,
    body: Buffer.from('{}'),
    secret: false,
    keptMs: Number.NaN,
    outcome: { status: 200, body: {} },
  };
  const created = bench.rooms.create(alice, {}, { outcome: () => outcome });
  await expect(created).rejects.toThrow(RefusedForData);
  expect([...(await bench.rooms.roomsOf(alice)).keys()]).toEqual([bench.roomId]);
});

test('memory and database tell the same story, whatever has happened', async () => {
  await using bench = await workbench();
  const rooms = [bench.roomId, await bench.rooms.create(bob, { preset: 'public_chat' }, {})];
  bench.profiles.set(carol, { displayname: 'Carol', avatar_url: 'mxc://example.org/c' });
  await bringIn(bench, bench.roomId, bob, carol);
  for (let round = 0; round < 40; round++) {
    await Promise.all([
      bench.name(`name ${round}`),
      bench.say(bench.roomId, bob, `${round}`),
      bench.say(rooms[1]!, bob, `${round}`),
      bench.setState(bench.roomId, {
        sender: alice,
        type: 'org.example.many',
        stateKey: `${round % 30}`,
        content: { round },
      }),
    ]);
  }
  const leave = { sender: carol, target: carol, action: 'leave' } as const;
  await bench.rooms.changeMembership(bench.roomId, leave, {});
  await expectOneChain(bench.fresh, bench.roomId);
  await expectSameAfterRestart(bench, rooms);
});

test('to look back changes nothing of what is', async () => {
  await using bench = await workbench();
  await bench.name('now');
  const room = (await bench.rooms.open(bench.roomId))!;
  const before = (await room.state()).length;
  const at = (await room.stateEvent('m.room.power_levels', ''))!.position;
  expect((await room.stateAt(at - 1)).length).toBeLessThan(before);
  expect((await room.state()).length).toBe(before);
  expect(room.membershipOf(alice)).toBe('join');
  await bench.name('later');
  expect((await bench.stateContent(bench.roomId, 'm.room.name'))?.name).toBe('later');
});

test('rooms that do not fit into memory are read when they are needed', async () => {
  await using bench = await workbench({ memoryBytesMax: 20_000 });
  const rooms = [bench.roomId];
  for (let index = 0; index < 5; index++) rooms.push(await bench.rooms.create(alice, {}, {}));
  for (let round = 0; round < 3; round++)
    await Promise.all(rooms.map((roomId) => bench.say(roomId, alice, `${round}`)));
  for (const roomId of rooms) {
    expect(await bodiesIn(bench, roomId)).toEqual(['0', '1', '2']);
    await expectOneChain(bench.fresh, roomId);
  }
});

test('a state key that a refused room brought is there for the next one', async () => {
  await using bench = await workbench();
  const thing = (content: object): Draft => ({
    sender: alice,
    type: 'org.example.new',
    stateKey: 'key',
    content: content as Draft['content'],
  });
  const other = await bench.rooms.create(alice, {}, {});
  const results = await Promise.allSettled([
    bench.rooms.send(other, thing({ n: 1 }), { deviceId: 'D', txnId: '\u0000' }),
    bench.setState(bench.roomId, thing({ n: 2 })),
  ]);
  expect(results.map((each) => each.status)).toEqual(['rejected', 'fulfilled']);
  await bench.setState(other, thing({ n: 3 }));
  await expectSameAfterRestart(bench, [bench.roomId, other]);
});

const reaction = (target: EventId, key: string): Draft => ({
  sender: alice,
  type: 'm.reaction',
  content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key } },
});

const redactionOf = (redacts: EventId): Draft => ({
  sender: alice,
  type: 'm.room.redaction',
  redacts,
  content: {},
});

async function workbench(options: Parameters<typeof openRooms>[1] = {}) {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh, options);
  const roomId = await under.rooms.create(alice, {}, {});
  const naming = (name: string): Draft => ({
    sender: alice,
    type: 'm.room.name',
    stateKey: '',
    content: { name },
  });
  return {
    ...under,
    fresh,
    roomId,
    /** A read of the database lasts longer than building an event does. */
    longerThanBuilding: () => under.rooms.resolveAlias('#none:example.org' as RoomAlias),
    name: (name: string) => under.setState(roomId, naming(name)),
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

/** All that readers can ask of a room, of an engine that was there and of one that has just begun. */
async function expectSameAfterRestart(
  bench: RoomsUnderTest & { fresh: FreshDatabase },
  rooms: RoomId[],
) {
  const before = await Promise.all(rooms.map((roomId) => tell(bench, roomId)));
  const users = await Promise.all([alice, bob, carol].map((each) => bench.rooms.roomsOf(each)));
  await using restarted = await openRooms(bench.fresh);
  expect(await Promise.all(rooms.map((roomId) => tell(restarted, roomId)))).toEqual(before);
  const again = [alice, bob, carol].map((each) => restarted.rooms.roomsOf(each));
  expect(await Promise.all(again)).toEqual(users);
}

async function tell({ rooms }: RoomsUnderTest, roomId: RoomId) {
  const room = (await rooms.open(roomId))!;
  const upTo = room.lastPosition;
  const { events } = await room.timeline({ after: 0, upTo, limit: 1_000 });
  const byNid = (a: { nid: number }, b: { nid: number }) => a.nid - b.nid;
  return {
    upTo,
    counts: [room.joinedCount, room.invitedCount],
    joined: [...room.members('join')].sort(),
    events,
    state: (await room.state()).sort(byNid),
    delta: (await room.stateDelta({ after: 0, upTo })).sort(byNid),
    halfway: (await room.stateAt(events[Math.floor(events.length / 2)]!.nid)).sort(byNid),
    after: (await room.stateAfter(events[Math.floor(events.length / 2)]!)).sort(byNid),
  };
}

/** Every event is what its id says, and stands on the one before it. */
async function expectOneChain(fresh: FreshDatabase, roomId: RoomId) {
  const rows = await fresh.database.query<{ json: string; id: EventId }>(
    'chain',
    `SELECT json, event_id AS id FROM event JOIN room USING (room_nid)
     WHERE room_id = $1 ORDER BY event_nid`,
    [roomId],
  );
  let before: EventId[] = [];
  rows.forEach(({ json, id }, index) => {
    const parsed = parseEvent(JSON.parse(json), rulesOf('12')!);
    if (!parsed.ok) throw new Error(parsed.reason);
    expect(parsed.value.eventId).toBe(id);
    expect(parsed.value.prevEvents).toEqual(before);
    expect(parsed.value.depth).toBe(index + 1);
    before = [id];
  });
}
