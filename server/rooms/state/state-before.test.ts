import { expect, test } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/postgres.ts';
import {
  alice,
  bob,
  bringIn,
  openRooms,
  type RoomsUnderTest,
} from '../../../test/support/rooms.ts';
import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import { roomStore } from '../../storage/rooms/room-store.ts';
import { StateKeys } from '../memory/state-keys.ts';
import { rulesOfStored } from '../rules-of-stored.ts';
import { Resolutions } from './resolutions.ts';
import { Resolver } from './resolving/resolver.ts';
import { stateBefore } from './state-before.ts';

const VERSIONS = ['1', '2', '6', '10', '11', '12'];

test('the state before an event in the middle of the room is that after the one that it names', async () => {
  await using bench = await workbench('12');
  const [said] = await bench.branch(async (at) => [
    await at.topic(alice, 'one'),
    await at.topic(alice, 'two'),
  ]);
  const { state } = await bench.before([said!]);
  expect(state.get('m.room.topic')).toBe('one');
  expect(state.get(`m.room.member ${bob}`)).toBe('join');
});

test.each(VERSIONS)(
  'before an event that names two ends there is what one of them has, and of two topics one (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    const one = await bench.branch(async (at) => [
      await at.set(alice, 'm.room.name', { name: 'named' }),
      await at.topic(alice, 'one'),
    ]);
    const two = await bench.branch(async (at) => [await at.topic(alice, 'two')]);
    const { state, decided } = await bench.before([one.at(-1)!, two.at(-1)!]);
    expect(state.get('m.room.name')).toBe('named');
    expect(['one', 'two']).toContain(state.get('m.room.topic'));
    expect(state.get(`m.room.member ${bob}`)).toBe('join');
    expect(decided).toContain('m.room.topic');
    expect(await bench.before([two.at(-1)!, one.at(-1)!])).toEqual({ state, decided });
  },
);

test.each(VERSIONS)(
  'whoever is banned at one end has said nothing at the other (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    const spoken = await bench.branch(async (at) => [await at.topic(bob, 'by bob')]);
    const banned = await bench.branch(async (at) => [await at.ban(bob)]);
    expect((await bench.before(spoken)).state.get('m.room.topic')).toBe('by bob');
    const { state } = await bench.before([...banned, ...spoken]);
    expect(state.get('m.room.topic')).toBe('before');
    expect(state.get(`m.room.member ${bob}`)).toBe('ban');
  },
);

test.each(['6', '11', '12'])(
  'a member of a hundred names costs a few questions, and comes to what they come to one by one (version %s)',
  async (version) => {
    await using bench = await workbench(version);
    const many = await bench.branch(async (at) => {
      for (let name = 0; name < 99; name++) await at.rename(bob, `${name}`);
      return [await at.rename(bob, 'last')];
    });
    const one = await bench.branch(async (at) => [await at.rename(bob, 'once')]);
    const { store } = bench.sources;
    let questions = 0;
    bench.sources.store = {
      ...store,
      eventsById: (ids) => {
        questions += 1;
        return store.eventsById(ids);
      },
    };
    const found = await bench.before([...many, ...one]);
    expect(questions).toBeLessThan(20);
    expect(found.decided).toEqual([`m.room.member ${bob}`]);
    bench.sources.store = { ...store, eventIdsBeneath: async () => [] };
    expect(await bench.before([...many, ...one])).toEqual(found);
  },
);

test('ends that differ in messages alone have one state, of which nothing is to be decided', async () => {
  await using bench = await workbench('12');
  const one = await bench.branch(async (at) => [await at.say('one')]);
  const two = await bench.branch(async (at) => [await at.say('two')]);
  const { state, decided } = await bench.before([...one, ...two]);
  expect(decided).toEqual([]);
  expect(state.get('m.room.topic')).toBe('before');
});

test('events that are not there, of another room, or of an unknown state are named', async () => {
  await using bench = await workbench('12');
  const [here] = await bench.branch(async (at) => [await at.topic(alice, 'one')]);
  const [outlier] = await bench.branch(async (at) => [await at.say('x')]);
  await bench.sql(
    `UPDATE event SET outlier = true, state_after = NULL WHERE event_id = '${outlier}'`,
  );
  const elsewhere = await bench.elsewhere();
  const nowhere = '$nowhere' as EventId;
  const asked = [here!, outlier!, elsewhere, nowhere];
  expect(await stateBefore(bench.room, asked, bench.sources)).toEqual({
    kind: 'unknown',
    events: [outlier, elsewhere, nowhere],
  });
});

interface At {
  say(body: string): Promise<EventId>;
  set(sender: typeof alice, type: string, content: object): Promise<EventId>;
  topic(sender: typeof alice, topic: string): Promise<EventId>;
  ban(target: typeof alice): Promise<EventId>;
  rename(target: typeof alice, displayname: string): Promise<EventId>;
}

/** A room of alice and bob, who may set its topic; each branch begins where the room was then. */
async function workbench(version: string) {
  const fresh = await freshDatabase();
  const now = clock();
  const roomId = await founded(fresh, version, now);
  let count = 0;
  const sql = (text: string) => fresh.database.query<object>(`statement_${count++}`, text);
  for (const table of HEADS) await sql(`CREATE TABLE fork_${table} AS TABLE ${table}`);
  const store = roomStore(fresh.database);
  const [stored] = await store.roomsById([roomId]);
  const room = { nid: stored!.nid, roomId, rules: rulesOfStored(stored!) };
  const keys = new StateKeys(store);
  const resolver = new Resolver();
  const sources = { store, keys, resolver, resolutions: new Resolutions() };
  return {
    ...{ room, sources, sql },
    async branch(build: (at: At) => Promise<EventId[]>): Promise<EventId[]> {
      for (const table of HEADS) {
        await sql(`DELETE FROM ${table}`);
        await sql(`INSERT INTO ${table} SELECT * FROM fork_${table}`);
      }
      await using under = await openRooms(fresh, { now });
      return await build(at(under, roomId));
    },
    async elsewhere() {
      await using under = await openRooms(fresh, { now });
      return await under.say(await under.rooms.create(alice, {}, {}), alice, 'elsewhere');
    },
    async before(prevEvents: readonly EventId[]) {
      const found = await stateBefore(room, prevEvents, sources);
      if (found.kind !== 'known') throw new Error(`unknown: ${found.events}`);
      await sources.keys.learnNids([...found.agreed.keys()]);
      const agreed = [...found.agreed].map(([keyNid, nid]) => ({
        ...sources.keys.byNid(keyNid),
        nid,
      }));
      const all = [...agreed, ...found.decided];
      const events = await store.eventsByNid(all.map(({ nid }) => nid));
      const contentOf = new Map(events.map(({ nid, json }) => [nid, JSON.parse(json).content]));
      const named = (each: { type: string; stateKey: string }) =>
        `${each.type} ${each.stateKey}`.trim();
      return {
        state: new Map(
          all.map((each) => [named(each), Object.values(shown(contentOf.get(each.nid)))[0]]),
        ),
        decided: found.decided.map(named).sort(),
      };
    },
    [Symbol.asyncDispose]: () => fresh[Symbol.asyncDispose](),
  };
}

/** What says where a room goes on. */
const HEADS = ['room_head', 'current_state'];

const shown = ({ topic, name, membership, ...others }: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries({ topic, name, membership, ...others }).filter(
      ([, value]) => value !== undefined,
    ),
  );

async function founded(fresh: FreshDatabase, room_version: string, now: () => number) {
  await using under = await openRooms(fresh, { now });
  const roomId = await under.rooms.create(
    alice,
    { room_version, power_level_content_override: { events: { 'm.room.topic': 0 } } },
    {},
  );
  await bringIn(under, roomId, bob);
  await at(under, roomId).topic(alice, 'before');
  return roomId;
}

const at = ({ rooms, say }: RoomsUnderTest, roomId: RoomId): At => {
  const set: At['set'] = (sender, type, content) =>
    rooms.send(roomId, { sender, type, stateKey: '', content: { ...content } }, {});
  return {
    set,
    say: (body) => say(roomId, alice, body),
    topic: (sender, topic) => set(sender, 'm.room.topic', { topic }),
    ban: async (target) => {
      await rooms.changeMembership(roomId, { sender: alice, target, action: 'ban' }, {});
      const room = await rooms.open(roomId);
      return (await room!.stateEvent('m.room.member', target))!.eventId;
    },
    rename: (target, displayname) =>
      rooms.changeMembership(
        roomId,
        { sender: target, target, action: 'join', content: { displayname } },
        {},
      ),
  };
};

function clock() {
  let now = 1_700_000_000_000;
  return () => now++;
}
