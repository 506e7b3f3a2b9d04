import { historyVisibilityOf } from '../../protocol/history-visibility.ts';
import type { RoomId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { allowedRoomIds, mayPreview } from '../../protocol/spaces/hierarchy.ts';
import type { RoomMembership } from '../membership/membership.ts';
import type { RoomEvent } from '../room-event.ts';

/** What is told of a room to those who are not in it, if they could be (`mayBeShown`). */
export interface RoomSummary {
  readonly roomId: RoomId;
  /** Of a room that is here it is always known. */
  readonly version: string | undefined;
  readonly joinedCount: number;
  readonly name: string | undefined;
  readonly topic: string | undefined;
  readonly canonicalAlias: string | undefined;
  readonly avatarUrl: string | undefined;
  readonly roomType: string | undefined;
  readonly encryption: string | undefined;
  readonly joinRule: string;
  /** Of restricted rooms: those whose members may join. */
  readonly allowedRoomIds: readonly string[];
  readonly worldReadable: boolean;
  readonly guestCanJoin: boolean;
}

/** The state events that it is made of; their state key is empty. */
export const SUMMARY_TYPES = [
  'm.room.create',
  'm.room.name',
  'm.room.topic',
  'm.room.canonical_alias',
  'm.room.avatar',
  'm.room.encryption',
  'm.room.join_rules',
  'm.room.history_visibility',
  'm.room.guest_access',
] as const;

/** A hundred of them lie in one answer, and all that are published in memory. */
const TEXT_LENGTH_MAX = 2_000;

export function summaryOf(
  room: Pick<RoomSummary, 'roomId' | 'version' | 'joinedCount'>,
  events: readonly RoomEvent[],
): RoomSummary {
  const contents = new Map(events.map(({ type, content }) => [type, content]));
  const at = (type: (typeof SUMMARY_TYPES)[number]): JsonObject => contents.get(type) ?? {};
  const joinRules = at('m.room.join_rules');
  const joinRule = textOf(joinRules.join_rule) ?? 'invite';
  const visibility = historyVisibilityOf(at('m.room.history_visibility').history_visibility);
  return {
    ...room,
    name: textOf(at('m.room.name').name),
    topic: topicOf(at('m.room.topic')),
    canonicalAlias: textOf(at('m.room.canonical_alias').alias),
    avatarUrl: textOf(at('m.room.avatar').url),
    roomType: textOf(at('m.room.create').type),
    encryption: textOf(at('m.room.encryption').algorithm),
    joinRule,
    allowedRoomIds: joinRule.includes('restricted') ? allowedRoomIds(joinRules) : [],
    worldReadable: visibility === 'world_readable',
    guestCanJoin: at('m.room.guest_access').guest_access === 'can_join',
  };
}

/** Whether somebody with these memberships could see or join it anyway. */
export function mayBeShown(
  summary: RoomSummary,
  own: ReadonlyMap<RoomId, Pick<RoomMembership, 'membership'>>,
): boolean {
  const membershipIn = (roomId: string) => own.get(roomId as RoomId)?.membership;
  const room = { ...summary, membership: membershipIn(summary.roomId) };
  return mayPreview(room, (roomId) => membershipIn(roomId) === 'join');
}

/** As the specification names it: `PublishedRoomsChunk`. */
export const publishedChunk = (summary: RoomSummary): JsonObject => ({
  room_id: summary.roomId,
  num_joined_members: summary.joinedCount,
  world_readable: summary.worldReadable,
  guest_can_join: summary.guestCanJoin,
  join_rule: summary.joinRule,
  ...given('name', summary.name),
  ...given('topic', summary.topic),
  ...given('canonical_alias', summary.canonicalAlias),
  ...given('avatar_url', summary.avatarUrl),
  ...given('room_type', summary.roomType),
});

/** `RoomSummary`, which has more. */
export const summaryChunk = (summary: RoomSummary): JsonObject => ({
  ...publishedChunk(summary),
  ...given('room_version', summary.version),
  ...given('encryption', summary.encryption),
  ...(summary.allowedRoomIds.length > 0 && { allowed_room_ids: [...summary.allowedRoomIds] }),
});

const given = (name: string, value: string | undefined): JsonObject =>
  value === undefined ? {} : { [name]: value };

export const textOf = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, TEXT_LENGTH_MAX) : undefined;

/** In plain text: of a topic in several forms that one, else what older clients write. */
function topicOf(content: JsonObject): string | undefined {
  const topic = content['m.topic'];
  const forms = isObject(topic) ? topic['m.text'] : undefined;
  const plain = Array.isArray(forms) ? forms.find(isPlain) : undefined;
  return textOf(isObject(plain) ? plain.body : content.topic);
}

const isPlain = (form: JsonValue): boolean =>
  isObject(form) && (form.mimetype === undefined || form.mimetype === 'text/plain');
