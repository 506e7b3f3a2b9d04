import { createHash } from 'node:crypto';
import { authEventKeys } from '../../server/protocol/auth-events.ts';
import { type Event, stateKeyOf } from '../../server/protocol/event.ts';
import type { EventId } from '../../server/protocol/identifiers.ts';
import type { RoomVersion } from '../../server/protocol/room-versions.ts';
import { ALICE, type Draft, TestRoom } from './test-room.ts';

/**
 * A large public room that was cut in two: on both sides power levels, bans, joins and names changed,
 * each of them twice, so that both sides' auth chains hold events that are in no state any more.
 */
export class LargeRoom {
  readonly room: TestRoom;
  readonly events = new Map<EventId, Event>();
  readonly states: readonly [Map<string, EventId>, Map<string, EventId>];

  constructor({ version, entries, conflicted }: LargeRoomSize) {
    this.room = new TestRoom(version);
    const common = new Map<string, EventId>();
    this.#add(this.room.create, common);
    this.#send(common, { stateKey: ALICE, ...MEMBER, prevEvents: [this.room.create.eventId] });
    this.#send(common, {
      type: 'm.room.join_rules',
      stateKey: '',
      content: { join_rule: 'public' },
    });
    for (const user of SIDES) this.#send(common, join(user));
    for (let i = 0; i < conflicted - 1; i++) this.#send(common, beforeChange(i));
    while (common.size < entries) {
      // Moderators come and go: members were let in by some fifty different power levels.
      if (common.size % 200 === 3) this.#send(common, this.#powerLevels(common.size, []));
      this.#send(common, join(`@user${common.size}:a`));
    }
    const side = (name: string): Map<string, EventId> => this.#takeSide(name, common, conflicted);
    this.states = [side('left'), side('right')];
  }

  #takeSide(name: string, common: ReadonlyMap<string, EventId>, conflicted: number) {
    const state = new Map(common);
    const moderator = `@${name}:a`;
    this.#send(state, this.#powerLevels(1, SIDES));
    for (let round = 0; round < 2; round++) {
      this.#send(state, this.#powerLevels(round + 2, SIDES));
      for (let i = 0; i < conflicted - 1; i++) this.#send(state, changeOf(i, round, moderator));
    }
    return state;
  }

  /** The creator keeps hers, which version 12 does not let her write down. */
  #powerLevels(redact: number, moderators: readonly string[]): Draft {
    const named = this.room.rules.creatorsHaveInfinitePower ? moderators : [ALICE, ...moderators];
    const users = Object.fromEntries(named.map((user) => [user, 100]));
    return { type: 'm.room.power_levels', stateKey: '', content: { redact, users } };
  }

  #send(state: Map<string, EventId>, draft: Draft): void {
    const bare = this.room.make(draft);
    const authEvents = authEventKeys(bare, this.room.rules)
      .map(([type, key]) => state.get(stateKeyOf(type, key)))
      .filter((id) => id !== undefined);
    const hash = createHash('sha256').update(bare.eventId).digest('base64url');
    this.#add({ ...bare, eventId: `$${hash}` as EventId, authEvents }, state);
  }

  #add(event: Event, state: Map<string, EventId>): void {
    this.events.set(event.eventId, event);
    state.set(stateKeyOf(event.type, event.stateKey!), event.eventId);
  }
}

export interface LargeRoomSize {
  readonly version: RoomVersion;
  /** State entries of each side. */
  readonly entries: number;
  /** How many of them differ between the sides. */
  readonly conflicted: number;
}

const SIDES = ['@left:a', '@right:a'];
const MEMBER = { type: 'm.room.member', content: { membership: 'join' } };

const join = (user: string): Draft => ({ ...MEMBER, sender: user, stateKey: user });

/** What the sides will change is there before, so that no key is new. */
const beforeChange = (i: number): Draft =>
  i % 3 === 2
    ? { type: 'com.example.state', stateKey: `${i}`, content: {} }
    : join(`@changing${i}:a`);

/** A third are bans, a third members who change, a third other state. */
const changeOf = (i: number, round: number, moderator: string): Draft => {
  const user = `@changing${i}:a`;
  if (i % 3 === 0) {
    const content = { membership: round === 0 ? 'leave' : 'ban' };
    return { type: 'm.room.member', sender: moderator, stateKey: user, content };
  }
  if (i % 3 === 1)
    return { ...join(user), content: { membership: 'join', displayname: `${round}` } };
  return { type: 'com.example.state', sender: moderator, stateKey: `${i}`, content: { round } };
};
