import { expect, test } from 'vitest';
import type { UserId } from '../identifiers.ts';
import type { JsonObject } from '../json.ts';
import { defaultPushRules } from './default-rules.ts';
import type { PushRule } from './rules.ts';

const alice = '@alice:example.org' as UserId;
const rules = defaultPushRules(alice);

const SOUND = { set_tweak: 'sound', value: 'default' };
const HIGHLIGHT = { set_tweak: 'highlight' };
const match = (key: string, pattern: string) => ({ kind: 'event_match', key, pattern });
const TWO = { kind: 'room_member_count', is: '2' };

test('the default override rules are those of the specification, in its order', () => {
  expect(rules.override.map(row)).toEqual([
    ['.m.rule.master', [], []],
    ['.m.rule.suppress_notices', [match('content.msgtype', 'm.notice')], []],
    [
      '.m.rule.invite_for_me',
      [
        match('type', 'm.room.member'),
        match('content.membership', 'invite'),
        match('state_key', alice),
      ],
      ['notify', SOUND],
    ],
    ['.m.rule.member_event', [match('type', 'm.room.member')], []],
    [
      '.m.rule.is_user_mention',
      [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: alice }],
      ['notify', SOUND, HIGHLIGHT],
    ],
    [
      '.m.rule.is_room_mention',
      [
        { kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true },
        { kind: 'sender_notification_permission', key: 'room' },
      ],
      ['notify', HIGHLIGHT],
    ],
    [
      '.m.rule.tombstone',
      [match('type', 'm.room.tombstone'), match('state_key', '')],
      ['notify', HIGHLIGHT],
    ],
    ['.m.rule.reaction', [match('type', 'm.reaction')], []],
    ['.m.rule.room.server_acl', [match('type', 'm.room.server_acl'), match('state_key', '')], []],
    [
      '.m.rule.suppress_edits',
      [{ kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' }],
      [],
    ],
  ]);
});

test('the default underride rules are those of the specification, in its order', () => {
  expect(rules.underride.map(row)).toEqual([
    [
      '.m.rule.call',
      [match('type', 'm.call.invite')],
      ['notify', { set_tweak: 'sound', value: 'ring' }],
    ],
    [
      '.m.rule.encrypted_room_one_to_one',
      [TWO, match('type', 'm.room.encrypted')],
      ['notify', SOUND],
    ],
    ['.m.rule.room_one_to_one', [TWO, match('type', 'm.room.message')], ['notify', SOUND]],
    ['.m.rule.message', [match('type', 'm.room.message')], ['notify']],
    ['.m.rule.encrypted', [match('type', 'm.room.encrypted')], ['notify']],
  ]);
});

test('there are no default content, room or sender rules', () => {
  expect([rules.content, rules.room, rules.sender]).toEqual([[], [], []]);
});

test('every predefined rule is marked as a default, and all but the master rule are enabled', () => {
  const all = [...rules.override, ...rules.underride];
  expect(all.filter((rule) => !rule.default)).toEqual([]);
  expect(all.filter((rule) => !rule.enabled).map((rule) => rule.rule_id)).toEqual([
    '.m.rule.master',
  ]);
});

type Row = [string, readonly JsonObject[] | undefined, PushRule['actions']];
const row = ({ rule_id, conditions, actions }: PushRule): Row => [rule_id, conditions, actions];
