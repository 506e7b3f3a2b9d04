import { expect, test } from 'vitest';
import { holdCommits } from '../../../test/support/hold-commits.ts';
import { holdingReads } from '../../../test/support/hold-reads.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import {
  alice,
  bob,
  bringIn,
  openRooms,
  type RoomsUnderTest,
} from '../../../test/support/rooms.ts';
import type { EventId, RoomAlias, RoomId, UserId } from '../../protocol/identifiers.ts';
import { renderEvent } from '../room-event.ts';

test('a redacted event keeps its place and loses its content, for those who read later too', async () => {
  await using bench = await workbench();
  const target = await bench.say(bench.roomId, bob, 'regret');
  const redaction = await bench.redact(target, bob);
  for (const under of [bench, await openRooms(bench.fresh)]) {
    const shown = await show(under, bench.roomId, target);
    expect(shown.content).toEqual({});
    expect(shown.unsigned.redacted_because).toMatchObject({
      event_id: redaction,
      type: 'm.room.redaction',
      sender: bob,
      redacts: target,
      content: { redacts: target, reason: 'because' },
    });
    const room = await under.rooms.open(bench.roomId);
    const { events } = await room!.timeline({ after: 0, upTo: room!.lastPosition, limit: 2 });
    expect(events.map((event) => event.eventId)).toEqual([target, redaction]);
    expect(events[0]!.content).toEqual({});
    if (under !== bench) await under[Symbol.asyncDispose]();
  }
});

test("other users' events are redacted by those who have the power", async () => {
  await using bench = await workbench();
  const bobs = await bench.say(bench.roomId, bob, 'hello');
  const alices = await bench.say(bench.roomId, alice, 'hello');
  await expect(bench.redact(alices, bob)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  await bench.redact(bobs, alice);
  expect((await show(bench, bench.roomId, bobs)).content).toEqual({});
  expect((await show(bench, bench.roomId, alices)).content).not.toEqual({});
});

test('a redaction that comes by /send takes effect as well', async () => {
  await using bench = await workbench();
  const target = await bench.say(bench.roomId, bob, 'regret');
  const content = { redacts: target };
  await bench.rooms.send(bench.roomId, { sender: bob, type: 'm.room.redaction', content }, {});
  expect((await show(bench, bench.roomId, target)).content).toEqual({});
});

test('before version 11 the redaction says at the top level whom it redacts', async () => {
  await using bench = await workbench('10');
  const target = await bench.say(bench.roomId, bob, 'regret');
  const redaction = await bench.redact(target, bob);
  const rows = await bench.fresh.database.query<{ json: string }>(
    'one_event',
    'SELECT json FROM event WHERE event_id = $1',
    [redaction],
  );
  expect(JSON.parse(rows[0]!.json)).toMatchObject({
    redacts: target,
    content: { reason: 'because' },
  });
  expect(await show(bench, bench.roomId, redaction)).toMatchObject({
    redacts: target,
    content: { redacts: target },
  });
});

test('an event that is still on its way can be redacted, and only once', async () => {
  await using bench = await workbench();
  const target = await bench.say(bench.roomId, bob, 'regret');
  const both = await Promise.all([bench.redact(target, bob), bench.redact(target, alice)]);
  // Which was built first depends on whose reads came back first.
  const [first] = await bench.fresh.database.query<{ eventId: string }>(
    'first_of_events',
    'SELECT event_id AS "eventId" FROM event WHERE event_id = ANY ($1::text[]) ORDER BY event_nid',
    [both],
  );
  const shown = await show(bench, bench.roomId, target);
  expect((shown.unsigned.redacted_because as { event_id: string }).event_id).toBe(first!.eventId);
  await using restarted = await openRooms(bench.fresh);
  const later = await show(restarted, bench.roomId, target);
  expect(later.unsigned.redacted_because).toEqual(shown.unsigned.redacted_because);
});

test('of two redactions at once the first counts, also where the database answers it last', async () => {
  await using bench = await workbench();
  const target = await bench.say(bench.roomId, bob, 'regret');
  const reads = holdingReads(bench.fresh);
  await using under = await openRooms(reads.fresh);
  const redact = (sender: UserId) =>
    under.rooms.send(
      bench.roomId,
      { sender, type: 'm.room.redaction', redacts: target, content: {} },
      {},
    );
  const read = reads.hold('event_by_id');
  const first = redact(bob);
  await read.isRead;
  const second = redact(alice);
  await under.rooms.resolveAlias('#none:example.org' as RoomAlias);
  read.goOn();
  await second;
  const shown = await show(under, bench.roomId, target);
  const because = shown.unsigned.redacted_because as { event_id: string };
  expect(because.event_id).toBe(await first);
});

test('redacted state stays state, without what it said, also where it is told as previous', async () => {
  await using bench = await workbench();
  const { topic } = bench;
  const first = await topic('secret');
  const second = await topic('open');
  await bench.redact(first, alice);
  expect((await show(bench, bench.roomId, second)).unsigned.prev_content).toEqual({});
  await bench.redact(second, alice);
  expect(await bench.stateContent(bench.roomId, 'm.room.topic')).toEqual({});
  const third = await topic('new');
  expect((await show(bench, bench.roomId, third)).unsigned.prev_content).toEqual({});
});

test('what is redacted while it is being replaced is not told as previous', async () => {
  await using bench = await workbench();
  for (let round = 0; round < 12; round++) {
    const first = await bench.topic(`secret ${round}`);
    const deeds = [() => bench.redact(first, alice), () => bench.topic(`open ${round}`)];
    if (round % 2 === 1) deeds.reverse();
    const ids = await Promise.all(deeds.map((deed) => deed()));
    const second = ids[round % 2 === 1 ? 0 : 1]!;
    expect((await show(bench, bench.roomId, second)).unsigned.prev_content).toEqual({});
    const room = (await bench.rooms.open(bench.roomId))!;
    const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 3 });
    const told = [...events, ...(await room.state())];
    expect(told.filter((event) => event.unsigned.includes('secret'))).toEqual([]);
  }
});

test('what is on its way to be redacted is not told as previous', async () => {
  await using bench = await workbench();
  const first = await bench.topic('secret');
  const held = await holdCommits(bench.fresh.url);
  const redacting = bench.redact(first, alice);
  await held.untilOneWaits();
  const replacing = bench.topic('open');
  await bench.longerThanBuilding();
  await held.release();
  await redacting;
  const second = await replacing;
  expect((await show(bench, bench.roomId, second)).unsigned.prev_content).toEqual({});
});

test('of two redactions on their way at once the first is shown, now and later', async () => {
  await using bench = await workbench();
  const target = await bench.say(bench.roomId, bob, 'regret');
  const held = await holdCommits(bench.fresh.url);
  const first = bench.redact(target, bob);
  await held.untilOneWaits();
  const second = bench.redact(target, alice);
  await bench.longerThanBuilding();
  await held.release();
  await second;
  await using restarted = await openRooms(bench.fresh);
  for (const under of [bench, restarted]) {
    const { redacted_because } = (await show(under, bench.roomId, target)).unsigned;
    expect(redacted_because.event_id).toBe(await first);
  }
});

test('what was read before its redaction is not taken for what is', async () => {
  await using bench = await workbench();
  const first = await bench.topic('secret');
  const reads = holdingReads(bench.fresh);
  await using under = await openRooms(reads.fresh);
  await under.say(bench.roomId, alice, 'what the rules look at is in memory now');
  const commits = await holdCommits(bench.fresh.url);
  const redaction = { sender: alice, type: 'm.room.redaction', redacts: first, content: {} };
  const redacting = under.rooms.send(bench.roomId, redaction, {});
  await commits.untilOneWaits();
  const held = reads.hold('events_by_nid');
  const content = { topic: 'secret' };
  const draft = { sender: alice, type: 'm.room.topic', stateKey: '', content };
  const again = under.setState(bench.roomId, draft);
  await held.isRead;
  await commits.release();
  await redacting;
  held.goOn();
  expect(await again).not.toBe(first);
  expect(await under.stateContent(bench.roomId, 'm.room.topic')).toEqual(content);
});

test.each(['itself', 'told as previous'])(
  'what is redacted while it is read is not shown: %s',
  async (which) => {
    await using bench = await workbench();
    const first = await bench.topic('secret');
    const second = await bench.topic('secret, too');
    const reads = holdingReads(bench.fresh);
    await using under = await openRooms(reads.fresh);
    await under.say(bench.roomId, alice, 'what the rules look at is in memory now');
    const held = reads.hold('events_by_nid');
    const room = (await under.rooms.open(bench.roomId))!;
    const reading = room.stateEvent('m.room.topic', '');
    await held.isRead;
    const redacts = which === 'itself' ? second : first;
    const redaction = { sender: alice, type: 'm.room.redaction', redacts, content: {} };
    await under.rooms.send(bench.roomId, redaction, {});
    held.goOn();
    for (const event of [await reading, await room.stateEvent('m.room.topic', '')]) {
      const told = which === 'itself' ? event!.content : JSON.parse(`{${event!.unsigned}}`);
      expect(told.topic ?? told.prev_content ?? {}).toEqual({});
    }
  },
);

test.each(['itself', 'told as previous'])(
  'what is redacted while the timelines of many rooms are read is not shown: %s',
  async (which) => {
    await using bench = await workbench();
    const first = await bench.topic('secret');
    const second = await bench.topic('secret, too');
    const reads = holdingReads(bench.fresh);
    await using under = await openRooms(reads.fresh);
    await under.say(bench.roomId, alice, 'what the rules look at is in memory now');
    const held = reads.hold('newest_of_timelines');
    const opening = under.rooms.openAll([bench.roomId], { timeline: 20 });
    await held.isRead;
    const redacts = which === 'itself' ? second : first;
    const redaction = { sender: alice, type: 'm.room.redaction', redacts, content: {} };
    await under.rooms.send(bench.roomId, redaction, {});
    held.goOn();
    const room = (await opening).get(bench.roomId)!;
    const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 20 });
    const shown = events.find(({ eventId }) => eventId === second)!;
    const told = which === 'itself' ? shown.content : JSON.parse(`{${shown.unsigned}}`);
    expect(told.topic ?? told.prev_content ?? {}).toEqual({});
  },
);

test('the create event is not redacted, nor what is not in the room', async () => {
  await using bench = await workbench();
  const create = `$${bench.roomId.slice(1)}` as EventId;
  await expect(bench.redact(create, alice)).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  const other = await bench.rooms.create(alice, {}, {});
  const elsewhere = await bench.say(other, alice, 'hello');
  for (const target of [elsewhere, '$unknown' as EventId])
    await expect(bench.redact(target, alice)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
});

async function workbench(room_version = '12') {
  const fresh = await freshDatabase();
  const under = await openRooms(fresh);
  const roomId = await under.rooms.create(alice, { room_version }, {});
  await bringIn(under, roomId, bob);
  return {
    ...under,
    fresh,
    roomId,
    /** A read of the database lasts longer than building an event does. */
    longerThanBuilding: () => under.rooms.resolveAlias('#none:example.org' as RoomAlias),
    topic: (topic: string) =>
      under.setState(roomId, {
        sender: alice,
        type: 'm.room.topic',
        stateKey: '',
        content: { topic },
      }),
    redact: (redacts: EventId, sender: UserId) =>
      under.rooms.send(
        roomId,
        { sender, type: 'm.room.redaction', redacts, content: { reason: 'because' } },
        {},
      ),
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

async function show({ rooms }: RoomsUnderTest, roomId: RoomId, eventId: EventId) {
  const event = await (await rooms.open(roomId))!.event(eventId);
  return JSON.parse(renderEvent(event!, { roomId: true, now: Date.now() }));
}
