import type { RoomAlias, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { Draft } from '../draft.ts';
import { givenContent } from '../membership/shown-profile.ts';
import type { InitialState, NewRoom, Preset } from './new-room.ts';

interface Request {
  readonly creator: UserId;
  readonly room: NewRoom;
  readonly rules: RoomVersionRules;
  readonly alias: RoomAlias | undefined;
  /** Of the creator and of everybody invited. */
  readonly profiles: ReadonlyMap<UserId, JsonObject>;
}

type Content = Record<string, JsonObject[string]>;

/** All events of a new room, in the order that the specification gives (createRoom). */
export function initialEvents(request: Request): Draft[] {
  const { creator, room } = request;
  const state = (type: string, content: JsonObject, stateKey = ''): Draft => ({
    sender: creator,
    type,
    stateKey,
    content,
  });
  return [
    state('m.room.create', createContent(request)),
    state('m.room.member', { ...request.profiles.get(creator), membership: 'join' }, creator),
    state('m.room.power_levels', powerLevels(request)),
    ...(request.alias ? [state('m.room.canonical_alias', { alias: request.alias })] : []),
    ...presetState(room).map(([type, content]) => state(type, content)),
    ...(room.initial_state ?? []).map((each) => state(each.type, givenState(each), each.state_key)),
    ...(room.name === undefined ? [] : [state('m.room.name', { name: room.name })]),
    ...(room.topic === undefined ? [] : [state('m.room.topic', topicContent(room.topic))]),
    ...(room.invite ?? []).map((each) => state('m.room.member', inviteTo(request, each), each)),
  ];
}

const givenState = ({ type, content }: InitialState): JsonObject =>
  type === 'm.room.member' ? givenContent(content) : content;

export const presetOf = (room: NewRoom): Preset =>
  room.preset ?? (room.visibility === 'public' ? 'public_chat' : 'private_chat');

function createContent({ creator, room, rules }: Request): JsonObject {
  const { creator: _, room_version: __, ...given } = (room.creation_content ?? {}) as Content;
  return {
    ...given,
    ...additionalCreators({ creator, room, rules }),
    room_version: rules.version,
    ...(!rules.implicitRoomCreator && { creator }),
  };
}

/** Whom a trusted private chat invites are creators of it, where the version knows creators. */
function additionalCreators({ creator, room, rules }: Omit<Request, 'alias' | 'profiles'>) {
  if (!rules.creatorsHaveInfinitePower || presetOf(room) !== 'trusted_private_chat') return {};
  const given = room.creation_content?.additional_creators ?? [];
  // What is no list is left as it is, for the auth rules to refuse.
  if (!Array.isArray(given)) return {};
  const creators = new Set([...given, ...(room.invite ?? [])]);
  creators.delete(creator);
  return creators.size > 0 ? { additional_creators: [...creators] } : {};
}

/** As other servers make them, so that clients find what they expect. */
function powerLevels({ creator, room, rules }: Request): JsonObject {
  const equals = presetOf(room) === 'trusted_private_chat' ? (room.invite ?? []) : [];
  const users = rules.creatorsHaveInfinitePower ? [] : [creator, ...equals];
  return {
    users: Object.fromEntries(users.map((userId) => [userId, 100])),
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.avatar': 50,
      'm.room.canonical_alias': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
      // Creators alone upgrade a room whose version knows them.
      'm.room.tombstone': rules.creatorsHaveInfinitePower ? 150 : 100,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    // The default of the specification, but where anybody may come in by themselves.
    invite: presetOf(room) === 'public_chat' ? 50 : 0,
    ...room.power_level_content_override,
  };
}

function presetState(room: NewRoom): (readonly [string, JsonObject])[] {
  const isPublic = presetOf(room) === 'public_chat';
  const state: (readonly [string, JsonObject])[] = [
    ['m.room.join_rules', { join_rule: isPublic ? 'public' : 'invite' }],
    ['m.room.history_visibility', { history_visibility: 'shared' }],
    ['m.room.guest_access', { guest_access: isPublic ? 'forbidden' : 'can_join' }],
  ];
  const isGiven = (type: string) =>
    room.initial_state?.some((each) => each.type === type && each.state_key === '') ?? false;
  return state.filter(([type]) => !isGiven(type));
}

const topicContent = (topic: string): JsonObject => ({
  topic,
  'm.topic': { 'm.text': [{ body: topic }] },
});

const inviteTo = ({ room, profiles }: Request, invited: UserId): JsonObject => ({
  ...profiles.get(invited),
  membership: 'invite',
  ...(room.is_direct === true && { is_direct: true }),
});
