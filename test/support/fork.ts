import { authEventKeys } from '../../server/protocol/auth-events.ts';
import { type Event, stateKeyOf } from '../../server/protocol/event.ts';
import type { EventId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { RoomVersion } from '../../server/protocol/room-versions.ts';
import { runWith } from '../../server/protocol/state-resolution/answering.ts';
import { resolveState } from '../../server/protocol/state-resolution/resolve.ts';
import type { ResolvedRoom } from '../../server/protocol/state-resolution/steps.ts';
import { ALICE, type Draft, TestRoom } from './test-room.ts';

/** A room told as a story: events by name, on branches whose states are then resolved. */
export class ForkedRoom {
  readonly room: TestRoom;
  readonly events = new Map<EventId, Event>();
  readonly about: ResolvedRoom;

  constructor(version: RoomVersion) {
    this.room = new TestRoom(version);
    this.about = { roomId: this.room.create.roomId, rules: this.room.rules };
    this.events.set(this.room.create.eventId, this.room.create);
  }

  /** A branch that has the create event only. */
  begin(): Branch {
    const { create } = this.room;
    return new Branch(this, new Map([[stateKeyOf(create.type, ''), create.eventId]]));
  }

  resolve(...branches: readonly Branch[]): Branch {
    const states = branches.map((branch) => branch.state);
    const resolved = runWith(resolveState(states, this.about), (id) => this.events.get(id));
    return new Branch(this, new Map(resolved));
  }
}

export class Branch {
  readonly state: Map<string, EventId>;
  readonly #of: ForkedRoom;

  constructor(of: ForkedRoom, state: Map<string, EventId>) {
    this.#of = of;
    this.state = state;
  }

  fork(): Branch {
    return new Branch(this.#of, new Map(this.state));
  }

  /** Sets state by an event of this id, which names what the selection takes from this branch. */
  set(id: string, draft: Draft): this {
    const event = this.event(id, draft);
    this.state.set(stateKeyOf(event.type, event.stateKey!), event.eventId);
    return this;
  }

  /** The event without its place in the state: one that was sent, and is in auth chains only. */
  event(id: string, draft: Draft): Event {
    const bare = this.#of.room.make({ ...draft, eventId: `$${id}` });
    const selected = authEventKeys(bare, this.#of.room.rules)
      .map(([type, key]) => this.state.get(stateKeyOf(type, key)))
      .filter((authId) => authId !== undefined);
    const event = draft.authEvents === undefined ? { ...bare, authEvents: selected } : bare;
    this.#of.events.set(event.eventId, event);
    return event;
  }

  member(id: string, user: string, membership: string, sender = user): this {
    const content = { membership };
    return this.set(id, { type: 'm.room.member', stateKey: user, sender, content });
  }

  powerLevels(id: string, content: JsonObject, sender = ALICE): this {
    return this.set(id, { type: 'm.room.power_levels', stateKey: '', sender, content });
  }

  joinRule(id: string, rule: string, sender = ALICE): this {
    const content = { join_rule: rule };
    return this.set(id, { type: 'm.room.join_rules', stateKey: '', sender, content });
  }

  topic(id: string, sender = ALICE): this {
    return this.set(id, { type: 'm.room.topic', stateKey: '', sender });
  }

  get(type: string, stateKey = ''): string | undefined {
    return this.state.get(stateKeyOf(type, stateKey));
  }
}
