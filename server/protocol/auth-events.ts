import type { UserId } from './identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import type { RoomVersionRules } from './room-versions.ts';

/** What the selection looks at: an event, or a draft of one that has no id yet. */
export interface AuthEventsDraft {
  readonly type: string;
  readonly sender: UserId;
  readonly stateKey: string | undefined;
  readonly content: JsonObject;
}

export type AuthEventKey = readonly [type: string, stateKey: string];

/**
 * The keys of the room state whose events belong into `auth_events` (server-server API, "Auth events
 * selection"); those that the room has not are left out by the caller. The same keys, with
 * `m.room.create` added where the room version takes it from the room id, are all that the auth
 * rules read of a room's state. No key comes twice.
 */
export const authEventKeys = (
  draft: AuthEventsDraft,
  rules: RoomVersionRules,
): readonly AuthEventKey[] => {
  if (draft.type === 'm.room.create') return [];
  const keys: AuthEventKey[] = rules.createIsRoomId ? [] : [['m.room.create', '']];
  keys.push(['m.room.power_levels', ''], ['m.room.member', draft.sender]);
  if (draft.type === 'm.room.member') addMembershipKeys(keys, draft, rules);
  return keys;
};

const addMembershipKeys = (
  keys: AuthEventKey[],
  { stateKey, sender, content }: AuthEventsDraft,
  rules: RoomVersionRules,
): void => {
  const { membership } = content;
  const members = new Set<string>([sender]);
  if (stateKey !== undefined) members.add(stateKey);
  if (membership === 'join' || membership === 'invite' || membership === 'knock') {
    keys.push(['m.room.join_rules', '']);
  }
  if (membership === 'invite') {
    const token = tokenOf(content.third_party_invite);
    if (token !== undefined) keys.push(['m.room.third_party_invite', token]);
  }
  if (membership === 'join' && rules.restrictedJoins) {
    const authorising = content.join_authorised_via_users_server;
    if (typeof authorising === 'string') members.add(authorising);
  }
  members.delete(sender);
  for (const member of members) keys.push(['m.room.member', member]);
};

const tokenOf = (thirdPartyInvite: JsonValue | undefined): string | undefined => {
  if (!isObject(thirdPartyInvite) || !isObject(thirdPartyInvite.signed)) return undefined;
  const { token } = thirdPartyInvite.signed;
  return typeof token === 'string' ? token : undefined;
};
