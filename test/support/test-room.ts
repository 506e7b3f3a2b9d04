import { authorize } from '../../server/protocol/auth-rules/authorize.ts';
import type { AuthState, Verdict } from '../../server/protocol/auth-rules/verdict.ts';
import { type Event, stateKeyOf } from '../../server/protocol/event.ts';
import type { EventId, RoomId, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import {
  type RoomVersion,
  type RoomVersionRules,
  roomVersions,
  rulesOf,
} from '../../server/protocol/room-versions.ts';

export const ALICE = '@alice:a';
export const BOB = '@bob:b';
export const CAROL = '@carol:c';

export interface Draft {
  readonly type: string;
  readonly sender?: string;
  readonly stateKey?: string;
  readonly content?: JsonObject;
  readonly prevEvents?: readonly string[];
  readonly authEvents?: readonly string[];
  readonly redacts?: string;
  readonly rejected?: boolean;
  readonly roomId?: string;
  readonly eventId?: string;
  readonly depth?: number;
  readonly originServerTs?: number;
  readonly pdu?: JsonObject;
}

/**
 * A room as the auth rules see it: a state, made by hand so that it may be one that no honest server
 * would ever reach. It begins with ALICE's create event and her join, and nothing else.
 */
export class TestRoom implements AuthState {
  readonly rules: RoomVersionRules;
  readonly create: Event;
  readonly #state = new Map<string, Event>();
  #made = 0;

  constructor(version: RoomVersion, createContent: JsonObject = {}) {
    this.rules = rulesOf(version)!;
    const creator = this.rules.implicitRoomCreator ? {} : { creator: ALICE };
    const content = { room_version: version, ...creator, ...createContent };
    this.create = this.put({ type: 'm.room.create', stateKey: '', content });
    this.member(ALICE, 'join');
  }

  get(type: string, stateKey: string): Event | undefined {
    return this.#state.get(stateKeyOf(type, stateKey));
  }

  get events(): readonly Event[] {
    return [...this.#state.values()];
  }

  /** An event of the room that is not in its state; by ALICE where nobody else is named. */
  make(draft: Draft): Event {
    this.#made += 1;
    const eventId =
      draft.eventId ?? (this.rules.eventIdForm === 'given' ? `$${this.#made}:a` : `$${this.#made}`);
    const sender = (draft.sender ?? ALICE) as UserId;
    return {
      eventId: eventId as EventId,
      roomId: (draft.roomId ?? this.#roomId(eventId)) as RoomId,
      type: draft.type,
      sender,
      stateKey: draft.stateKey,
      content: draft.content ?? {},
      prevEvents: (draft.prevEvents ?? []) as readonly EventId[],
      authEvents: (draft.authEvents ?? []) as readonly EventId[],
      depth: draft.depth ?? this.#made,
      originServerTs: draft.originServerTs ?? this.#made,
      redacts: draft.redacts as EventId | undefined,
      rejected: draft.rejected ?? false,
      pdu: draft.pdu ?? {},
      canonical: undefined,
    };
  }

  put(draft: Draft): Event {
    const event = this.make(draft);
    this.#state.set(stateKeyOf(event.type, event.stateKey ?? ''), event);
    return event;
  }

  member(userId: string, membership: string): this {
    this.put({ type: 'm.room.member', stateKey: userId, sender: userId, content: { membership } });
    return this;
  }

  joinRule(rule: string): this {
    this.put({ type: 'm.room.join_rules', stateKey: '', content: { join_rule: rule } });
    return this;
  }

  powerLevels(content: JsonObject): this {
    this.put({ type: 'm.room.power_levels', stateKey: '', content });
    return this;
  }

  judge(draft: Draft): Verdict {
    return authorize(this.make(draft), this, this.rules);
  }

  /** `allowed`, or the name of the rule that refused. */
  ruleFor(draft: Draft): string {
    const verdict = this.judge(draft);
    return verdict.allowed ? 'allowed' : verdict.rule;
  }

  /** Whether `sender` may give `target` this membership. */
  ruleForMembership(
    sender: string,
    target: string,
    membership: string,
    content: JsonObject = {},
  ): string {
    const type = 'm.room.member';
    return this.ruleFor({ type, sender, stateKey: target, content: { membership, ...content } });
  }

  #roomId(eventId: string): string {
    if (!this.rules.createIsRoomId) return '!room:a';
    return `!${(this.create?.eventId ?? eventId).slice(1)}`;
  }
}

/** The versions for which a flag is set, and those for which it is not. */
export const versionsWith = (flag: keyof RoomVersionRules): readonly RoomVersion[] =>
  roomVersions().filter((version) => rulesOf(version)![flag]);
export const versionsWithout = (flag: keyof RoomVersionRules): readonly RoomVersion[] =>
  roomVersions().filter((version) => !rulesOf(version)![flag]);
