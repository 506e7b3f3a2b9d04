import type { UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../server/protocol/json.ts';
import { defaultPushRules } from '../../server/protocol/push-rules/default-rules.ts';
import type { Condition, PushRule, Ruleset } from '../../server/protocol/push-rules/rules.ts';
import type { Random } from './random.ts';

export interface PushQuestion {
  readonly event: JsonObject;
  readonly rules: Ruleset;
  readonly userId: UserId;
  readonly displayName: string;
  readonly memberCount: number;
  readonly senderPowerLevel: number;
  readonly notifications: { readonly [key: string]: number };
}

/** An event and a user's rules that have a fair chance of matching it. */
export function makePushQuestion(random: Random): PushQuestion {
  const userId = '@alice:example.org' as UserId;
  const defaults = defaultPushRules(userId);
  return {
    event: makeEvent(random, userId),
    rules: {
      override: withOwn(random, defaults.override, () => ({ conditions: conditions(random) })),
      content: withOwn(random, [], () => ({ pattern: random.pick(PATTERNS) })),
      room: withOwn(random, [], () => ({ rule_id: random.pick(['!room:a', '!other:a']) })),
      sender: withOwn(random, [], () => ({ rule_id: random.pick(['@bob:a', '@carol:a']) })),
      underride: withOwn(random, defaults.underride, () => ({ conditions: conditions(random) })),
    },
    userId,
    displayName: random.pick(['Alice', 'a*', 'Al ice', '']),
    memberCount: random.pick([1, 2, 3, 10]),
    senderPowerLevel: random.pick([0, 49, 50, 100]),
    notifications: random.chance(0.5) ? { room: random.pick([0, 50, 60]) } : {},
  };
}

function makeEvent(random: Random, userId: UserId): JsonObject {
  const stateKey = random.pick([undefined, undefined, '', userId]);
  return {
    type: random.pick(TYPES),
    room_id: random.pick(['!room:a', '!other:a']),
    sender: random.pick(['@bob:a', '@carol:a']),
    ...(stateKey === undefined ? {} : { state_key: stateKey }),
    content: {
      msgtype: random.pick(['m.text', 'm.notice']),
      body: random.pick(BODIES),
      membership: random.pick(['join', 'invite']),
      ...(random.chance(0.3) ? { 'm.mentions': mentions(random, userId) } : {}),
      ...(random.chance(0.2) ? { 'm.relates_to': { rel_type: 'm.replace', event_id: '$e' } } : {}),
      ...(random.chance(0.3) ? { 'a.b\\c': random.pick(SIMPLE), list: [1, 'x', null, [2]] } : {}),
    },
  };
}

const mentions = (random: Random, userId: UserId): JsonObject =>
  random.pick<JsonObject>([{ user_ids: [userId] }, { user_ids: ['@bob:a'] }, { room: true }, {}]);

function withOwn(
  random: Random,
  defaults: readonly PushRule[],
  own: () => Partial<PushRule>,
): PushRule[] {
  const rules: PushRule[] = [];
  for (let each = random.integer(3); each > 0; each--) {
    rules.push({
      rule_id: `own${each}`,
      default: false,
      enabled: random.chance(0.8),
      actions: ['notify', { set_tweak: 'sound', value: `own${random.integer(9)}` }],
      ...own(),
    });
  }
  const ids = new Set(rules.map((rule) => rule.rule_id));
  if (ids.size < rules.length) rules.pop(); // A rule's id is unique within its kind.
  const toggled = defaults.map((rule) =>
    random.chance(0.1) ? { ...rule, enabled: !rule.enabled } : rule,
  );
  return [...rules, ...toggled];
}

const conditions = (random: Random): Condition[] =>
  Array.from({ length: 1 + random.integer(2) }, () => condition(random));

function condition(random: Random): Condition {
  switch (random.integer(6)) {
    case 0:
      return { kind: 'event_match', key: random.pick(KEYS), pattern: random.pick(PATTERNS) };
    case 1:
      return { kind: 'event_property_is', key: random.pick(KEYS), value: random.pick(SIMPLE) };
    case 2:
      return { kind: 'event_property_contains', key: 'content.list', value: random.pick(SIMPLE) };
    case 3:
      return {
        kind: 'room_member_count',
        is: random.pick(['2', '==2', '<3', '>1', '<=2', '>=3', 'x']),
      };
    case 4:
      return { kind: 'sender_notification_permission', key: 'room' };
    default:
      return { kind: 'org.example.unknown' };
  }
}

const TYPES = [
  'm.room.message',
  'm.room.encrypted',
  'm.room.member',
  'm.reaction',
  'm.room.tombstone',
  'm.call.invite',
];
const BODIES = [
  'Hello Alice!',
  'hello',
  'An exciting triple-whammy',
  'alice_smith',
  'a-b c',
  '',
  'a*b',
];
const PATTERNS = ['hello', 'ALICE', 'ex*ple', 'h?llo', '*', 'a*b', 'm.*', 'x', '', 'a?b'];
const KEYS = [
  'type',
  'content.body',
  'content.msgtype',
  'content.a\\.b\\\\c',
  'content.list',
  'room_id',
  'content.none',
];
const SIMPLE: readonly JsonValue[] = ['x', 'hello', 1, true, null, ''];
