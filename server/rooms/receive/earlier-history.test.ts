import { expect, test } from 'vitest';
import {
  type ForeignDraft,
  type ForeignEvent,
  foreignServers,
  keysOfNames,
} from '../../../test/support/foreign-server.ts';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, openRooms } from '../../../test/support/rooms.ts';
import type { EventId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { AskServers } from './ask-servers.ts';
import { EarlierPlaces, FILLS_MAX, FILLS_OF_USER_MAX } from './earlier-places.ts';

const dora = '@dora:far.example' as UserId;
const emil = '@emil:far.example' as UserId;
const far = 'far.example' as ServerName;

test('what is missing in the middle is asked for by who pages over it, and stands in its order', async () => {
  await using bench = await workbench();
  await bench.hole(5);
  expect(await bench.bodies()).toEqual(['0', '1', '2', '3', '4', 'behind']);
  expect(await bench.bodies()).toEqual(['0', '1', '2', '3', '4', 'behind']);
  expect(bench.asked).toEqual(['backfill']);
});

test('two who page over the same at once are helped by one question', async () => {
  await using bench = await workbench();
  await bench.hole(2);
  const both = await Promise.all([bench.bodies(), bench.bodies()]);
  expect(both).toEqual([
    ['0', '1', 'behind'],
    ['0', '1', 'behind'],
  ]);
  expect(bench.asked).toEqual(['backfill']);
});

test('a server that does not answer is asked once, and the page ends where history here does', async () => {
  await using bench = await workbench();
  await bench.hole(2);
  bench.ask.backfill = async () => void bench.asked.push('backfill');
  expect(await bench.bodies()).toEqual(['behind']);
  expect(await bench.bodies()).toEqual(['behind']);
  expect(bench.asked).toEqual(['backfill']);
});

test('what nobody has signed is not kept, nor asked for again', async () => {
  await using bench = await workbench();
  const [, last] = await bench.hole(2);
  bench.known.set(last!.eventId, { ...last!.pdu, signatures: {} });
  const before = await bench.count();
  // What it follows is named by its hash, and signed.
  expect(await bench.bodies()).toEqual(['0', 'behind']);
  expect(await bench.bodies()).toEqual(['0', 'behind']);
  expect(await bench.count()).toBe(before + 1);
  expect(bench.asked.filter((each) => each === 'backfill')).toHaveLength(1);
});

test('what was not asked for is not kept, whoever tells it', async () => {
  await using bench = await workbench();
  await bench.hole(1);
  const other = await bench.event(says('unasked'));
  bench.ask.backfill = async () => [other.pdu];
  const before = await bench.count();
  expect(await bench.bodies()).toEqual(['behind']);
  expect(await bench.count()).toBe(before);
});

test('what the rules of its time do not allow is shown to nobody', async () => {
  await using bench = await workbench();
  const stranger = '@eve:far.example' as UserId;
  await bench.hole(2, { sender: stranger });
  expect(await bench.bodies()).toEqual(['behind']);
});

test('what was said by who is banned by now was said', async () => {
  await using bench = await workbench();
  await bench.receive(await bench.event(member(emil)));
  await bench.hole(2, { behindBy: emil });
  const ban = { sender: alice, target: dora, action: 'ban' } as const;
  await bench.rooms.changeMembership(bench.roomId, ban, {});
  expect(await bench.bodies()).toEqual(['0', '1', 'behind']);
});

test('a redaction among earlier history takes what was said before it', async () => {
  await using bench = await workbench();
  const [said] = await bench.hole(1, {}, ({ eventId }) => [
    { ...redacts(eventId), after: [eventId] },
  ]);
  expect(await bench.bodies()).toEqual([undefined, 'behind']);
  expect(await bench.contentOf(said!.eventId)).toEqual({});
});

test('a redaction among earlier history takes what was here before it, for those who have seen that too', async () => {
  await using bench = await workbench();
  const here = await bench.event(says('here'));
  await bench.receive(here);
  expect(await bench.bodies()).toEqual(['here']);
  await bench.hole(1, {}, ({ eventId }) => [{ ...redacts(here.eventId), after: [eventId] }]);
  expect(await bench.bodies()).toEqual([undefined, '0', 'behind']);
  expect(await bench.contentOf(here.eventId)).toEqual({});
});

test('a state that is no state of the room places nothing', async () => {
  await using bench = await workbench();
  await bench.hole(2);
  bench.firstIsHidden();
  bench.ask.stateIds = async () => ({ state: [], authChain: [] });
  const before = await bench.count();
  expect(await bench.bodies()).toEqual(['behind']);
  expect(await bench.count()).toBe(before);
});

test('a user has a bounded number of questions at once, and all have', async () => {
  const places = new EarlierPlaces();
  const { promise, resolve } = Promise.withResolvers<void>();
  const enter = (userId: UserId) => places.run(userId, () => promise);
  const own = Array.from({ length: FILLS_OF_USER_MAX + 1 }, () => enter(alice));
  expect(own.map((each) => each !== undefined)).toEqual([true, true, false]);
  const others = Array.from({ length: FILLS_MAX }, (_, at) =>
    enter(`@u${at}:here.example` as UserId),
  );
  expect(others.filter((each) => each !== undefined)).toHaveLength(FILLS_MAX - FILLS_OF_USER_MAX);
  resolve();
  await Promise.all([...own, ...others]);
  expect(enter(alice)).toBeDefined();
});

const says = (body: string, sender = dora): ForeignDraft => ({
  ...{ sender, type: 'm.room.message', content: { body } },
});
const member = (sender: UserId): ForeignDraft => ({
  ...{ sender, type: 'm.room.member', stateKey: sender, content: { membership: 'join' } },
});
const redacts = (eventId: EventId): ForeignDraft => ({
  ...{ sender: dora, type: 'm.room.redaction', content: { redacts: eventId } },
});

/** A public room of alice in which dora of another server is, which tells what it knows. */
async function workbench() {
  const fresh = await freshDatabase();
  const foreign = foreignServers(fresh);
  const asked: string[] = [];
  const known = new Map<EventId, JsonObject>();
  const query = <Row extends object>(name: string, text: string) =>
    fresh.database.query<Row>(name, text);
  const stateNow = async () =>
    (
      await query<{ eventId: EventId }>(
        'state_now',
        'SELECT event_id AS "eventId" FROM current_state JOIN event USING (event_nid)',
      )
    ).map(({ eventId }) => eventId);
  const ask = asking(known, asked);
  const under = await openRooms(fresh, { eventKeys: keysOfNames, askServers: ask });
  const { rooms } = under;
  const roomId = await rooms.create(alice, { room_version: '12', preset: 'public_chat' }, {});
  const event = (draft: ForeignDraft) => foreign.event(roomId, draft);
  const receive = async ({ pdu }: ForeignEvent) => {
    const [received] = await rooms.receiver.receive(roomId, [pdu], { origin: far });
    expect(received!.kind).toBe('accepted');
  };
  await receive(await event(member(dora)));
  const seen = async () => {
    const room = (await rooms.open(roomId))!;
    const from = await room.placeAt(room.lastPosition);
    const page = await room.history({ reader: alice, from, direction: 'b', limit: 50 });
    return page.events.map((each) => each.event).reverse();
  };
  return {
    ...{ rooms, roomId, event, receive, asked, ask, known },
    /** Events that are not here, one upon the other, and one behind them that is. */
    async hole(
      length: number,
      { sender = dora, behindBy = dora }: { sender?: UserId; behindBy?: UserId } = {},
      more: (last: ForeignEvent) => ForeignDraft[] = () => [],
    ): Promise<readonly ForeignEvent[]> {
      const hidden: ForeignEvent[] = [];
      for (let count = 0; count < length; count++) {
        const after = hidden.at(-1)?.eventId;
        hidden.push(await event({ ...says(`${count}`, sender), ...(after && { after: [after] }) }));
      }
      for (const draft of more(hidden.at(-1)!)) hidden.push(await event(draft));
      const behind = await event({ ...says('behind', behindBy), after: [hidden.at(-1)!.eventId] });
      const state = await stateNow();
      const { stateIds } = ask;
      ask.stateIds = async () => ({ state, authChain: [] });
      await receive(behind);
      ask.stateIds = stateIds;
      asked.length = 0;
      for (const { eventId, pdu } of hidden) known.set(eventId, pdu);
      return hidden;
    },
    /** So that nothing that is told follows what is here. */
    firstIsHidden: () => void known.delete([...known.keys()][0]!),
    bodies: async () =>
      (await seen())
        .filter(({ type }) => type === 'm.room.message')
        .map(({ content }) => content.body),
    contentOf: async (eventId: EventId) =>
      (await (await rooms.open(roomId))!.event(eventId))?.content,
    count: async () => (await query('count_of', 'SELECT 1 FROM event')).length,
    [Symbol.asyncDispose]: async () => {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function asking(known: ReadonlyMap<EventId, JsonObject>, asked: string[]): Mutable<AskServers> {
  return {
    missingEvents: async () => [],
    async stateIds() {
      asked.push('stateIds');
      return undefined;
    },
    event: async () => ({ kind: 'not there' }),
    async backfill(_server, { from, limit }) {
      asked.push('backfill');
      const found = new Map<EventId, JsonObject>();
      const open = [...from];
      for (let id = open.shift(); id !== undefined && found.size < limit; id = open.shift()) {
        const pdu = known.get(id);
        if (!pdu) continue;
        found.set(id, pdu);
        open.push(...(pdu.prev_events as EventId[]));
      }
      return [...found.values()];
    },
  };
}
