import { expect, test } from 'vitest';
import type { UserId } from '../identifiers.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { holds, type PushContext } from './conditions.ts';
import { defaultPushRules } from './default-rules.ts';
import { evaluate, notificationOf } from './evaluate.ts';
import type { Condition, PushRule, Ruleset } from './rules.ts';

const alice = '@alice:example.org' as UserId;
const group: PushContext = {
  memberCount: 5,
  displayName: 'Alice *',
  senderPowerLevel: 0,
  notificationPowerLevel: () => 50,
  steps: { left: Number.POSITIVE_INFINITY },
};

const message = (content: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: 'm.room.message',
  room_id: '!room:example.org',
  sender: '@bob:example.org',
  content: { msgtype: 'm.text', body: 'hello', ...content },
  ...more,
});

const byDefault = (event: JsonObject, context = group) =>
  notificationOf(evaluate(event, defaultPushRules(alice), context));

const NOTHING = { notify: false, highlight: false, sound: undefined };

test('a message notifies without a sound in a group and with one between two', () => {
  expect(byDefault(message({}))).toEqual({ ...NOTHING, notify: true });
  expect(byDefault(message({}), { ...group, memberCount: 2 })).toEqual({
    notify: true,
    highlight: false,
    sound: 'default',
  });
});

test('an encrypted event is treated like a message, for nothing is known of it', () => {
  const event = message({}, { type: 'm.room.encrypted' });
  expect(byDefault(event).notify).toBe(true);
  expect(byDefault(event, { ...group, memberCount: 2 }).sound).toBe('default');
});

test('a mention of the user highlights, with a sound', () => {
  const event = message({ 'm.mentions': { user_ids: ['@bob:example.org', alice] } });
  expect(byDefault(event)).toEqual({ notify: true, highlight: true, sound: 'default' });
});

test('a mention of the room highlights only where the sender may notify the room', () => {
  const event = message({ 'm.mentions': { room: true } });
  expect(byDefault(event).highlight).toBe(false);
  expect(byDefault(event, { ...group, senderPowerLevel: 50 }).highlight).toBe(true);
});

test.each([
  ['a notice', message({ msgtype: 'm.notice' })],
  ['an edit', message({ 'm.relates_to': { rel_type: 'm.replace' } })],
  ['a reaction', message({}, { type: 'm.reaction' })],
  ['a change of membership', message({ membership: 'join' }, { type: 'm.room.member' })],
  ['a server ACL', message({}, { type: 'm.room.server_acl', state_key: '' })],
  ['an event of an unknown type', message({}, { type: 'org.example.thing' })],
])('%s notifies nobody', (_what, event) => {
  expect(byDefault(event)).toEqual(NOTHING);
});

test('an invitation of the user notifies, and one of somebody else does not', () => {
  const invite = (state_key: string) =>
    message({ membership: 'invite' }, { type: 'm.room.member', state_key });
  expect(byDefault(invite(alice)).sound).toBe('default');
  expect(byDefault(invite('@bob:example.org'))).toEqual(NOTHING);
});

test('a tombstone highlights, but only as a state event', () => {
  const event = message({}, { type: 'm.room.tombstone' });
  expect(byDefault(event).highlight).toBe(false);
  expect(byDefault({ ...event, state_key: '' }).highlight).toBe(true);
});

test('a call rings', () => {
  expect(byDefault(message({}, { type: 'm.call.invite' })).sound).toBe('ring');
});

test('the master rule, when enabled, stands above every rule of the user', () => {
  const own = rule({ conditions: [] });
  const [master, ...rest] = defaultPushRules(alice).override;
  const rules = {
    ...defaultPushRules(alice),
    override: [own, { ...master!, enabled: true }, ...rest],
  };
  expect(evaluate(message({}), rules, group)).toEqual([]);
});

test('kinds are checked in their order, and within a kind the first match wins', () => {
  const rules = {
    ...EMPTY,
    content: [rule({ pattern: 'hello', actions: ['notify', 'content'] })],
    room: [rule({ rule_id: '!room:example.org', actions: ['room'] })],
    sender: [rule({ rule_id: '@bob:example.org', actions: ['sender'] })],
    underride: [
      rule({ conditions: [], actions: ['first'] }),
      rule({ conditions: [], actions: ['second'] }),
    ],
  };
  const overriding = { ...rules, override: [rule({ conditions: [], actions: ['override'] })] };
  expect(evaluate(message({}), overriding, group)).toEqual(['override']);
  expect(evaluate(message({}), rules, group)).toEqual(['notify', 'content']);
  expect(evaluate(message({ body: 'bye' }), rules, group)).toEqual(['room']);
  const elsewhere = message({ body: 'bye' }, { room_id: '!other:example.org' });
  expect(evaluate(elsewhere, rules, group)).toEqual(['sender']);
  expect(evaluate({ ...elsewhere, sender: '@carol:example.org' }, rules, group)).toEqual(['first']);
});

test('a disabled rule never matches', () => {
  const rules = { ...EMPTY, underride: [rule({ conditions: [], enabled: false })] };
  expect(evaluate(message({}), rules, group)).toEqual([]);
});

test('the historical actions dont_notify and coalesce are ignored', () => {
  const rules = {
    ...EMPTY,
    override: [rule({ conditions: [], actions: ['dont_notify', 'coalesce'] })],
  };
  expect(evaluate(message({}), rules, group)).toEqual([]);
  const master = rule({ rule_id: '.m.rule.master', actions: ['dont_notify'] });
  expect(evaluate(message({}), { ...EMPTY, override: [master] }, group)).toEqual([]);
});

test('a rule with no conditions always matches', () => {
  const rules = { ...EMPTY, underride: [rule({})] };
  expect(evaluate(message({}), rules, group)).toEqual(['notify']);
});

test('a content rule without a pattern never matches', () => {
  expect(evaluate(message({}), { ...EMPTY, content: [rule({})] }, group)).toEqual([]);
});

test('a highlight tweak without a value is true, and one that is false is none', () => {
  const highlight = (more: JsonObject) =>
    notificationOf([{ set_tweak: 'highlight', ...more }]).highlight;
  expect([highlight({}), highlight({ value: true }), highlight({ value: false })]).toEqual([
    true,
    true,
    false,
  ]);
});

test('a sound is a string; any other value plays none', () => {
  const sound = (value: JsonValue) => notificationOf([{ set_tweak: 'sound', value }]).sound;
  expect([sound('bing'), sound(true)]).toEqual(['bing', undefined]);
});

test.each<[string, Condition, JsonObject, boolean]>([
  [
    'a pattern ignores case',
    { kind: 'event_match', key: 'content.topic', pattern: 'LUNC?*' },
    { topic: 'Lunch plans' },
    true,
  ],
  [
    'a pattern matches the whole value',
    { kind: 'event_match', key: 'content.topic', pattern: 'lunch' },
    { topic: 'lunch plans' },
    false,
  ],
  [
    'a pattern matches words of the body',
    { kind: 'event_match', key: 'content.body', pattern: 'ex*ple' },
    { body: 'An exciting triple-whammy' },
    true,
  ],
  [
    'a pattern matches no missing value',
    { kind: 'event_match', key: 'content.topic', pattern: '*' },
    {},
    false,
  ],
  [
    'a pattern matches no value that is not a string',
    { kind: 'event_match', key: 'content.n', pattern: '*' },
    { n: 1 },
    false,
  ],
  [
    'a value is compared exactly',
    { kind: 'event_property_is', key: 'content.m\\.federate', value: true },
    { 'm.federate': true },
    true,
  ],
  [
    'a value is not cast',
    { kind: 'event_property_is', key: 'content.m\\.federate', value: true },
    { 'm.federate': 'true' },
    false,
  ],
  [
    'null is a value',
    { kind: 'event_property_is', key: 'content.x', value: null },
    { x: null },
    true,
  ],
  [
    'a missing value is not null',
    { kind: 'event_property_is', key: 'content.x', value: null },
    {},
    false,
  ],
  [
    'an integer is compared exactly',
    { kind: 'event_property_is', key: 'content.x', value: 7 },
    { x: 7 },
    true,
  ],
  [
    'a number that is no integer is not compared',
    { kind: 'event_property_is', key: 'content.x', value: 1.5 },
    { x: 1.5 },
    false,
  ],
  [
    'a condition without a value equals no missing one',
    { kind: 'event_property_is', key: 'content.x' },
    {},
    false,
  ],
  [
    'an object is not compared',
    { kind: 'event_property_is', key: 'content.x', value: {} },
    { x: {} },
    false,
  ],
  [
    'a list contains a value exactly',
    { kind: 'event_property_contains', key: 'content.list', value: 'a' },
    { list: ['b', 'a'] },
    true,
  ],
  [
    'a list does not contain a part of a value',
    { kind: 'event_property_contains', key: 'content.list', value: 'a' },
    { list: ['ab'] },
    false,
  ],
  [
    'what is no list contains nothing',
    { kind: 'event_property_contains', key: 'content.list', value: 'a' },
    { list: 'a' },
    false,
  ],
  [
    'a list may contain an integer',
    { kind: 'event_property_contains', key: 'content.list', value: 7 },
    { list: [7] },
    true,
  ],
  [
    'a list contains no number that is no integer',
    { kind: 'event_property_contains', key: 'content.list', value: 1.5 },
    { list: [1.5] },
    false,
  ],
  ['event_match requires a key', { kind: 'event_match', pattern: '*' }, {}, false],
  ['event_match requires a pattern', { kind: 'event_match', key: 'content.body' }, {}, false],
  ['event_property_is requires a key', { kind: 'event_property_is', value: 'x' }, {}, false],
  [
    'event_property_contains requires a key',
    { kind: 'event_property_contains', value: 'x' },
    {},
    false,
  ],
  [
    'a display name matches as a word, and its star is a star',
    { kind: 'contains_display_name' },
    { body: 'hey alice *!' },
    true,
  ],
  [
    'a display name is no pattern',
    { kind: 'contains_display_name' },
    { body: 'alice and bob' },
    false,
  ],
  ['an unknown condition never holds', { kind: 'org.example.moon' }, {}, false],
  ['a name of the language is an unknown condition', { kind: 'constructor' }, {}, false],
])('%s', (_what, condition, content, matches) => {
  const rules = { ...EMPTY, override: [rule({ conditions: [condition], actions: ['yes'] })] };
  expect(evaluate(message(content), rules, group)).toEqual(matches ? ['yes'] : []);
});

/** Of a room of 10 members. */
test.each([
  ['10', true],
  ['9', false],
  ['==10', true],
  ['==9', false],
  ['<11', true],
  ['<10', false],
  ['>9', true],
  ['>10', false],
  ['<=10', true],
  ['<=9', false],
  ['>=10', true],
  ['>=11', false],
  ['many', false],
  ['>', false],
  ['x10', false],
  ['10x', false],
])('room_member_count, a decimal integer optionally prefixed: %j holds: %j', (is, expected) => {
  const context = { ...group, memberCount: 10 };
  expect(holds({ kind: 'room_member_count', is }, message({}), context)).toBe(expected);
});

test.each<[string | undefined, JsonValue, boolean]>([
  ['Bob', 'bob', true],
  ['bob', 'Hi BOB!', true],
  ['bob', 'bobby', false],
  ['bob', 'kebob', false],
  ['bob', 'kebob bob', true],
  ['bob', 'bob kebob', true],
  ['*bob', 'a*bob', true],
  ['bob*', 'bob*a', true],
  ['', 'anything', false],
  [undefined, 'undefined', false],
  ['bob', 7, false],
])('the display name %j stands in the body %j: %j', (displayName, body, expected) => {
  const condition = { kind: 'contains_display_name' };
  expect(holds(condition, message({ body }), { ...group, displayName })).toBe(expected);
});

test('sender_notification_permission asks for the level of its key, which is required', () => {
  const context = {
    ...group,
    senderPowerLevel: 60,
    notificationPowerLevel: (key: string) => (key === 'room' ? 60 : 61),
  };
  const permitted = (more: JsonObject) =>
    holds({ kind: 'sender_notification_permission', ...more }, message({}), context);
  expect(permitted({ key: 'room' })).toBe(true);
  expect(permitted({ key: 'org.example.all' })).toBe(false);
  expect(holds({ kind: 'sender_notification_permission' }, message({}), GRANTING)).toBe(false);
});

test('a pattern that would take more steps than are left does not hold, and one that would not may', () => {
  const context = { ...group, steps: { left: 20 } };
  const body = 'hello world';
  const matches = (pattern: string) =>
    evaluate(message({ body }), { ...EMPTY, content: [rule({ pattern })] }, context).length > 0;
  expect(matches(`hello*${'?'.repeat(32)}`)).toBe(false);
  expect(context.steps.left).toBe(20);
  expect(matches('world')).toBe(true);
  expect(context.steps.left).toBe(20 - body.length);
  expect(matches('world')).toBe(false);
});

test.each<[string, Condition]>([
  ['a pattern', { kind: 'event_match', key: 'content.body', pattern: `*${'h'.repeat(512)}` }],
  ['a key', { kind: 'event_property_is', key: `content.${'x'.repeat(505)}`, value: 1 }],
])('%s of more than 512 characters never holds', (_what, condition) => {
  const content = { body: 'h'.repeat(600), ['x'.repeat(505)]: 1 };
  expect(holds(condition, message(content), group)).toBe(false);
});

test('a long list costs as many steps as it has elements', () => {
  const condition = { kind: 'event_property_contains', key: 'content.list', value: 'b' };
  const context = { ...group, steps: { left: 3 } };
  expect(holds(condition, message({ list: ['a', 'a', 'a', 'b'] }), context)).toBe(false);
  expect(holds(condition, message({ list: ['a', 'a', 'b'] }), context)).toBe(true);
});

const GRANTING: PushContext = { ...group, senderPowerLevel: 100 };

const EMPTY: Ruleset = { override: [], content: [], room: [], sender: [], underride: [] };

function rule(more: Partial<PushRule>): PushRule {
  return { rule_id: 'own', default: false, enabled: true, actions: ['notify'], ...more };
}
