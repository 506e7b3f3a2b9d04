import type { UserId } from '../identifiers.ts';
import type { Action, Condition, PushRule, Ruleset } from './rules.ts';

/** The server-default rules of the specification (Push notifications, "Predefined Rules"). */
export function defaultPushRules(userId: UserId): Ruleset {
  return {
    override: overrideRules(userId),
    content: [],
    room: [],
    sender: [],
    underride: underrideRules(),
  };
}

function overrideRules(userId: UserId): PushRule[] {
  return [
    { ...rule('master', [], []), enabled: false },
    rule('suppress_notices', [is('content.msgtype', 'm.notice')], []),
    rule(
      'invite_for_me',
      [is('type', 'm.room.member'), is('content.membership', 'invite'), is('state_key', userId)],
      ['notify', SOUND],
    ),
    rule('member_event', [is('type', 'm.room.member')], []),
    rule(
      'is_user_mention',
      [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: userId }],
      ['notify', SOUND, HIGHLIGHT],
    ),
    rule(
      'is_room_mention',
      [
        { kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true },
        { kind: 'sender_notification_permission', key: 'room' },
      ],
      ['notify', HIGHLIGHT],
    ),
    rule('tombstone', [is('type', 'm.room.tombstone'), is('state_key', '')], ['notify', HIGHLIGHT]),
    rule('reaction', [is('type', 'm.reaction')], []),
    rule('room.server_acl', [is('type', 'm.room.server_acl'), is('state_key', '')], []),
    rule(
      'suppress_edits',
      [{ kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' }],
      [],
    ),
  ];
}

function underrideRules(): PushRule[] {
  const [encrypted, message] = [is('type', 'm.room.encrypted'), is('type', 'm.room.message')];
  return [
    rule('call', [is('type', 'm.call.invite')], ['notify', { set_tweak: 'sound', value: 'ring' }]),
    rule('encrypted_room_one_to_one', [TWO_MEMBERS, encrypted], ['notify', SOUND]),
    rule('room_one_to_one', [TWO_MEMBERS, message], ['notify', SOUND]),
    rule('message', [message], ['notify']),
    rule('encrypted', [encrypted], ['notify']),
  ];
}

const SOUND: Action = { set_tweak: 'sound', value: 'default' };
const HIGHLIGHT: Action = { set_tweak: 'highlight' };
const TWO_MEMBERS: Condition = { kind: 'room_member_count', is: '2' };

const is = (key: string, pattern: string): Condition => ({ kind: 'event_match', key, pattern });

const rule = (name: string, conditions: Condition[], actions: Action[]): PushRule => ({
  rule_id: `.m.rule.${name}`,
  default: true,
  enabled: true,
  conditions,
  actions,
});
