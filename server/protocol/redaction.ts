import { isObject, type JsonObject, type JsonValue } from './json.ts';
import type { RoomVersionRules } from './room-versions.ts';

/**
 * The event without what its room version does not protect (rooms/v1 to v12, "Redactions"). Event
 * ids and signatures cover only this, so it must agree with every other server to the byte.
 * `unsigned` is never kept.
 */
export const redact = (pdu: JsonObject, rules: RoomVersionRules): JsonObject => {
  const redacted = pick(pdu, rules.redactionForm === 'v11' ? TOP_LEVEL_V11 : TOP_LEVEL);
  const content = isObject(pdu.content) ? pdu.content : {};
  redacted.content = redactContent(pdu.type, content, rules.redactionForm);
  return redacted;
};

type Form = RoomVersionRules['redactionForm'];

/** In the order of canonical JSON, which is what nearly every redacted event is made for. */
const TOP_LEVEL_V11 = [
  'auth_events',
  'content',
  'depth',
  'event_id',
  'hashes',
  'origin_server_ts',
  'prev_events',
  'room_id',
  'sender',
  'signatures',
  'state_key',
  'type',
] as const;

const TOP_LEVEL = [...TOP_LEVEL_V11, 'membership', 'origin', 'prev_state'].sort();

const redactContent = (
  type: JsonValue | undefined,
  content: JsonObject,
  form: Form,
): JsonObject => {
  if (type === 'm.room.create' && form === 'v11') return content;
  const kept = pick(content, keptInContent(type, form));
  if (type === 'm.room.member' && form === 'v11') keepSigned(content, kept);
  return kept;
};

const keptInContent = (type: JsonValue | undefined, form: Form): readonly string[] => {
  switch (type) {
    case 'm.room.member':
      return form === 'v9' || form === 'v11'
        ? ['join_authorised_via_users_server', 'membership']
        : ['membership'];
    case 'm.room.create':
      return ['creator'];
    case 'm.room.join_rules':
      return form === 'v1' || form === 'v6' ? ['join_rule'] : ['allow', 'join_rule'];
    case 'm.room.power_levels':
      return form === 'v11' ? [...POWER_LEVELS, 'invite'] : POWER_LEVELS;
    case 'm.room.aliases':
      return form === 'v1' ? ['aliases'] : [];
    case 'm.room.history_visibility':
      return ['history_visibility'];
    case 'm.room.redaction':
      return form === 'v11' ? ['redacts'] : [];
    default:
      return [];
  }
};

const POWER_LEVELS = [
  'ban',
  'events',
  'events_default',
  'kick',
  'redact',
  'state_default',
  'users',
  'users_default',
] as const;

/**
 * "Additionally, it allows the `signed` key of the `third_party_invite` key" (v11): an object without
 * it stays as an empty one, and what is no object goes, as all servers have it.
 */
const keepSigned = (content: JsonObject, kept: Record<string, JsonValue>): void => {
  const invite = content.third_party_invite;
  if (isObject(invite)) kept.third_party_invite = pick(invite, ['signed']);
};

const pick = (object: JsonObject, keys: readonly string[]): Record<string, JsonValue> => {
  const picked: Record<string, JsonValue> = {};
  for (const key of keys) if (Object.hasOwn(object, key)) picked[key] = object[key]!;
  return picked;
};
