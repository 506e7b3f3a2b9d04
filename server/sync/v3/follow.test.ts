import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { alice, bob, carol } from '../../../test/support/rooms.ts';
import {
  type Answer,
  openSync,
  type SyncQuery,
  type SyncUnderTest,
} from '../../../test/support/sync.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { StateKey } from './reader.ts';

/**
 * Clients that do nothing but follow /sync, through lost answers, gaps, leaving, coming back and
 * restarts, know the room as it is in the end. Every choice comes from the seed.
 */
const SEEDS = Number(process.env.SEEDS ?? 6);
const STEPS = 60;

test.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
  'clients that follow know the room as it is (seed %i)',
  async (seed) => {
    await using fresh = await freshDatabase();
    const random = randomFrom(seed);
    let house = await openSync(fresh);
    try {
      const roomId = await house.rooms.create(alice, { preset: 'public_chat' }, {});
      const clients = [
        new Follower({ room: { timeline: { limit: 1_000 } } }, 'state'),
        new Follower({ room: { timeline: { limit: 2 } } }, 'state'),
        new Follower({ room: { timeline: { limit: 3 } } }, 'state_after'),
        new Follower({ room: { timeline: { types: ['m.room.message'], limit: 4 } } }, 'state'),
        new Follower({ room: { timeline: { types: [] } } }, 'state'),
        new Follower({ room: { timeline: { types: [] } } }, 'state_after'),
      ];
      for (let step = 0; step < STEPS; step++) {
        await act(house, roomId, random);
        for (const client of clients) if (random() < 0.4) await client.sync(house, random() < 0.2);
        if (random() < 0.04) {
          await house[Symbol.asyncDispose]();
          house = await openSync(fresh);
        }
      }
      await enter(house, roomId, bob);
      const known = await stateOf(house, roomId);
      const order = await eventsOf(house, roomId);
      for (const client of clients) {
        await client.sync(house, false);
        expect(client.state, client.name).toEqual(known);
        for (const told of client.timelines) expect(told).toEqual(inOrder(told, order));
      }
      expect(new Set(clients[0]!.timelines.flat())).toEqual(new Set(order));
    } finally {
      await house[Symbol.asyncDispose]();
    }
  },
);

/** Bob's client: applies what it is told as the specification says, and asks nothing else. */
class Follower {
  readonly name: string;
  readonly #query: SyncQuery;
  readonly #stateKey: StateKey;
  #since: string | undefined;
  state: Record<string, string> = {};
  /** The event ids of each timeline that it was told. */
  readonly timelines: string[][] = [];

  constructor(filter: JsonObject, stateKey: StateKey) {
    this.name = `${JSON.stringify(filter)} ${stateKey}`;
    this.#stateKey = stateKey;
    this.#query = { filter, stateKey, deviceId: this.name };
  }

  async sync(house: SyncUnderTest, answerIsLost: boolean): Promise<void> {
    const answer = await house.sync(bob, { ...this.#query, since: this.#since });
    if (answerIsLost) return;
    this.#since = answer.next_batch;
    for (const part of [answer.rooms?.leave, answer.rooms?.join])
      for (const told of Object.values(part ?? {})) this.#apply(told);
  }

  #apply(room: Answer) {
    for (const event of room[this.#stateKey].events) this.#put(event);
    const { events } = room.timeline;
    this.timelines.push(events.map((event: Answer) => event.event_id));
    if (this.#stateKey !== 'state') return;
    for (const event of events) if (event.state_key !== undefined) this.#put(event);
  }

  #put(event: Answer) {
    this.state[`${event.type} ${event.state_key}`] = event.event_id;
  }
}

type Random = () => number;

/** Something that happens in the room; some of it is refused, which is as good as anything else. */
async function act(house: SyncUnderTest, roomId: RoomId, random: Random): Promise<void> {
  const pick = <T>(...of: T[]): T => of[Math.floor(random() * of.length)]!;
  const text = `${Math.floor(random() * 1e6)}`;
  switch (pick('say', 'say', 'say', 'name', 'topic', 'profile', 'come', 'go', 'throw')) {
    case 'say':
      await house.say(roomId, alice, text);
      return;
    case 'name':
      await house.setState(roomId, stateDraft('m.room.name', { name: text }));
      return;
    case 'topic':
      await house.setState(roomId, stateDraft('m.room.topic', { topic: text }));
      return;
    case 'profile':
      house.profiles.set(alice, { displayname: text });
      await house.rooms.spreadProfile(alice);
      return;
    case 'come':
      return enter(house, roomId, pick(bob, carol));
    case 'go':
      return change(house, roomId, { user: pick(bob, carol), by: 'self', action: 'leave' });
    case 'throw':
      return change(house, roomId, { user: pick(bob, carol), by: 'alice', action: 'kick' });
  }
}

const stateDraft = (type: string, content: JsonObject) => ({
  sender: alice,
  type,
  stateKey: '',
  content,
});

const enter = (house: SyncUnderTest, roomId: RoomId, user: UserId) =>
  change(house, roomId, { user, by: 'self', action: 'join' });

async function change(
  house: SyncUnderTest,
  roomId: RoomId,
  { user, by, action }: { user: UserId; by: 'self' | 'alice'; action: 'join' | 'leave' | 'kick' },
) {
  const sender = by === 'self' ? user : alice;
  const refused = (error: { errcode?: string }) => expect(error.errcode).toBe('M_FORBIDDEN');
  await house.rooms.changeMembership(roomId, { sender, target: user, action }, {}).catch(refused);
}

async function stateOf(house: SyncUnderTest, roomId: RoomId): Promise<Record<string, string>> {
  const room = await house.rooms.open(roomId);
  const state = await room!.state();
  return Object.fromEntries(
    state.map((event) => [`${event.type} ${event.stateKey}`, event.eventId]),
  );
}

/** In the order of the log. */
async function eventsOf(house: SyncUnderTest, roomId: RoomId): Promise<string[]> {
  const room = await house.rooms.open(roomId);
  const { events } = await room!.timeline({ after: 0, upTo: room!.lastPosition, limit: 10_000 });
  return events.map((event) => event.eventId);
}

const inOrder = (events: readonly string[], order: readonly string[]): string[] =>
  order.filter((eventId) => events.includes(eventId));

function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}
