import { createHash } from 'node:crypto';
import { authEventKeys } from '../../server/protocol/auth-events.ts';
import { authorize } from '../../server/protocol/auth-rules/authorize.ts';
import { type Event, stateKeyOf } from '../../server/protocol/event.ts';
import type { EventId } from '../../server/protocol/identifiers.ts';
import type { RoomVersion } from '../../server/protocol/room-versions.ts';
import type { StateMap } from '../../server/protocol/state-resolution/conflict.ts';
import fc from './fast-check.ts';
import { ALICE, BOB, CAROL, type Draft, TestRoom } from './test-room.ts';

/** One event, as choices of small numbers, so that fast-check can shrink a history. */
export interface Choice {
  readonly actor: number;
  readonly action: number;
  readonly target: number;
  /** How far back the event is that this one is built on; beyond the first few it forks the room. */
  readonly back: number;
  readonly time: number;
}

export const choices = (most: number): fc.Arbitrary<Choice[]> =>
  fc.array(
    fc.record({
      actor: fc.nat(USERS.length - 1),
      action: fc.nat(ACTIONS.length - 1),
      target: fc.nat(USERS.length - 1),
      back: fc.oneof(fc.constant(0), fc.nat(5)),
      time: fc.nat(3),
    }),
    { minLength: 5, maxLength: most },
  );

export interface RandomRoom {
  readonly room: TestRoom;
  readonly events: ReadonlyMap<EventId, Event>;
  /** After each event, oldest first. */
  readonly states: readonly StateMap[];
}

/** A room with forks, each event of which was allowed where it was sent. */
export const roomOfChoices = (version: RoomVersion, made: readonly Choice[]): RandomRoom => {
  const author = new Author(version);
  for (const choice of made) author.follow(choice);
  return author;
};

class Author implements RandomRoom {
  readonly room: TestRoom;
  readonly events = new Map<EventId, Event>();
  readonly states: StateMap[] = [];

  constructor(version: RoomVersion) {
    this.room = new TestRoom(version);
    const { create } = this.room;
    this.events.set(create.eventId, create);
    this.states.push(new Map([[stateKeyOf(create.type, ''), create.eventId]]));
    const join = { type: 'm.room.member', stateKey: ALICE, content: { membership: 'join' } };
    this.#send({ ...join, prevEvents: [create.eventId] }, 0, 0);
    this.#send({ type: 'm.room.join_rules', stateKey: '', content: { join_rule: 'public' } }, 0, 1);
  }

  follow({ actor, action, target, back, time }: Choice): void {
    const draft = ACTIONS[action]!(USERS[actor]!, USERS[target]!);
    this.#send({ sender: USERS[actor]!, ...draft }, Math.min(back, this.states.length - 3), time);
  }

  #send(draft: Draft, back: number, time: number): void {
    const before = this.states[this.states.length - 1 - back]!;
    const find = (type: string, key: string): Event | undefined =>
      this.events.get(before.get(stateKeyOf(type, key)) as EventId);
    const number = this.events.size;
    const bare = this.room.make({ ...draft, originServerTs: time, depth: number + 1 });
    const authEvents = authEventKeys(bare, this.room.rules)
      .map(([type, key]) => find(type, key)?.eventId)
      .filter((id) => id !== undefined);
    // Ids like hashes, or their order would be that of time.
    const id = `$${createHash('sha256').update(`${number}`).digest('hex').slice(0, 8)}`;
    const event = { ...bare, eventId: id as EventId, authEvents };
    if (!authorize(event, { get: find }, this.room.rules).allowed) return;
    this.events.set(event.eventId, event);
    this.states.push(new Map(before).set(stateKeyOf(event.type, event.stateKey!), event.eventId));
  }
}

const USERS = [ALICE, BOB, CAROL];

const membership =
  (to: string) =>
  (_actor: string, target: string): Draft => ({
    type: 'm.room.member',
    stateKey: target,
    content: { membership: to },
  });

const powerLevels = (levels: readonly number[]) => (): Draft => ({
  type: 'm.room.power_levels',
  stateKey: '',
  // Not the creator, whom version 12 allows no level.
  content: { users: { [BOB]: levels[0]!, [CAROL]: levels[1]! }, state_default: levels[2]! },
});

const ownJoin = (actor: string): Draft => membership('join')(actor, actor);
const joinRule = (rule: string) => (): Draft => ({
  type: 'm.room.join_rules',
  stateKey: '',
  content: { join_rule: rule },
});

const ACTIONS: readonly ((actor: string, target: string) => Draft)[] = [
  ownJoin,
  ownJoin,
  ownJoin,
  membership('invite'),
  membership('leave'),
  membership('ban'),
  powerLevels([50, 0, 50]),
  powerLevels([100, 50, 50]),
  powerLevels([0, 0, 0]),
  joinRule('public'),
  joinRule('invite'),
  () => ({ type: 'm.room.topic', stateKey: '', content: {} }),
  () => ({ type: 'm.room.name', stateKey: '', content: {} }),
];
