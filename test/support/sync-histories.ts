import type { RoomId, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { MembershipChange } from '../../server/rooms/membership/membership.ts';
import fc from './fast-check.ts';
import type { Answer, SyncQuery, SyncUnderTest } from './sync.ts';

/** One thing that happens in a room, as choices of small numbers, so that fast-check can shrink a history. */
export interface Step {
  readonly what: number;
  readonly who: number;
  readonly whom: number;
}

export const steps = (most: number): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ what: fc.nat(DEEDS.length - 1), who: fc.nat(2), whom: fc.nat(2) }), {
    minLength: 4,
    maxLength: most,
  });

/** Two rooms and those who may be in them; the first is the one whose /sync is looked at. */
export interface Stage {
  readonly house: SyncUnderTest;
  readonly rooms: readonly [RoomId, RoomId];
  readonly users: readonly [reader: UserId, UserId, UserId];
  readonly owner: UserId;
}

let stages = 0;

/** Of users whom no stage before it has had, on one server for all: a new one costs two rooms. */
export async function newStage(house: SyncUnderTest): Promise<Stage> {
  const name = (who: string) => `@${who}-${stages}:example.org` as UserId;
  stages++;
  const [owner, users] = [name('owner'), [name('reader'), name('carol'), name('dave')] as const];
  const create = () => house.rooms.create(owner, { preset: 'public_chat' }, {});
  return { house, owner, users, rooms: [await create(), await create()] };
}

/** What the rules refuse does not happen. */
export async function happen(stage: Stage, step: Step): Promise<void> {
  const deed = DEEDS[step.what]!;
  try {
    await deed(stage, stage.users[step.who]!, stage.users[step.whom]!);
  } catch (error) {
    if ((error as { errcode?: string }).errcode === undefined) throw error;
  }
}

type Deed = (stage: Stage, who: UserId, whom: UserId) => Promise<unknown>;

const change =
  (action: MembershipChange['action'], room = 0): Deed =>
  ({ house, rooms, owner }, who, whom) =>
    house.rooms.changeMembership(
      rooms[room]!,
      ['join', 'leave'].includes(action)
        ? { sender: who, target: who, action }
        : { sender: owner, target: whom, action },
      {},
    );

let marks = 0;
const setting =
  (type: string, content: () => JsonObject): Deed =>
  ({ house, rooms, owner }) =>
    house.setState(rooms[0], { sender: owner, type, stateKey: '', content: content() });
const visibility = (history_visibility: string): Deed =>
  setting('m.room.history_visibility', () => ({ history_visibility }));

const DEEDS: readonly Deed[] = [
  change('join'),
  change('join'),
  change('join'),
  change('leave'),
  change('leave'),
  change('invite'),
  change('kick'),
  change('ban'),
  change('unban'),
  change('join', 1),
  change('leave', 1),
  setting('m.room.topic', () => ({ topic: `${marks++}` })),
  setting('m.room.topic', () => ({ topic: `${marks++}` })),
  setting('m.room.name', () => ({ name: `${marks++}` })),
  visibility('joined'),
  visibility('invited'),
  visibility('shared'),
  ({ house, rooms }, who) => house.say(rooms[0], who, `${marks++}`),
  ({ house, rooms, owner }) => house.say(rooms[0], owner, `${marks++}`),
  ({ house, rooms }, who) =>
    house.rooms.changeMembership(
      rooms[0],
      { sender: who, target: who, action: 'join', content: { displayname: `${marks++}` } },
      {},
    ),
];

/** What a client makes of the answers that it gets, as the specification tells it to. */
export class SyncingClient {
  readonly query: SyncQuery;
  readonly #house: SyncUnderTest;
  readonly #userId: UserId;
  #since: string | undefined;
  /** By room and then by type and key, the ids of the state's events. */
  readonly state = new Map<string, Map<string, string>>();
  /** Of all that it was shown of each room, in order. */
  readonly timeline = new Map<string, string[]>();
  readonly shown = new Map<string, Set<string>>();
  /** Whose keys it follows. */
  followed = new Set<string>();
  joined = new Set<string>();

  constructor(house: SyncUnderTest, userId: UserId, query: SyncQuery = {}) {
    this.#house = house;
    this.#userId = userId;
    this.query = { deviceId: `D${stages}-${marks++}`, ...query };
  }

  async sync(more: SyncQuery = {}): Promise<Answer> {
    const since = this.#since;
    const answer = await this.#house.sync(this.#userId, { ...this.query, ...more, since });
    this.#since = answer.next_batch;
    for (const [roomId, room] of Object.entries<Answer>(answer.rooms?.join ?? {})) {
      if (!this.joined.has(roomId)) this.state.delete(roomId);
      this.joined.add(roomId);
      this.#apply(roomId, room);
    }
    for (const [roomId, room] of Object.entries<Answer>(answer.rooms?.leave ?? {})) {
      this.joined.delete(roomId);
      this.#apply(roomId, room);
    }
    const { invite = {}, knock = {} } = answer.rooms ?? {};
    for (const roomId of Object.keys({ ...invite, ...knock })) this.joined.delete(roomId);
    for (const userId of answer.device_lists?.changed ?? []) this.followed.add(userId);
    for (const userId of answer.device_lists?.left ?? []) this.followed.delete(userId);
    return answer;
  }

  #apply(roomId: string, room: Answer): void {
    const state = of(this.state, roomId, () => new Map<string, string>());
    const shown = of(this.shown, roomId, () => new Set<string>());
    const timeline = of(this.timeline, roomId, () => [] as string[]);
    if (room.timeline.limited) timeline.length = 0;
    const stateEvents: Answer[] = (room.state ?? room.state_after).events;
    for (const event of [
      ...(room.state?.events ?? []),
      ...room.timeline.events,
      ...(room.state_after?.events ?? []),
    ]) {
      if (event.state_key === undefined) continue;
      if (room.state_after && !stateEvents.includes(event)) continue;
      state.set(`${event.type} ${event.state_key}`, event.event_id);
    }
    for (const event of room.timeline.events) timeline.push(event.event_id);
    for (const event of [...stateEvents, ...room.timeline.events]) shown.add(event.event_id);
  }
}

function of<V>(map: Map<string, V>, key: string, make: () => V): V {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}
