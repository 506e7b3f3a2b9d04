import type { Event } from '../event.ts';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';

type Child = Pick<Event, 'type' | 'stateKey' | 'content' | 'originServerTs'>;

/** A child is removed from a space by taking away its `via`; one that is no list of strings is as good as none. */
export const isSpaceChild = (event: Pick<Child, 'type' | 'content'>): boolean =>
  event.type === 'm.space.child' && isListOfStrings(event.content.via);

/** The order in which a space shows its children (Spaces, "Ordering of children within a space"). */
export function compareChildren(one: Child, other: Child): number {
  const [a, b] = [orderOf(one.content), orderOf(other.content)];
  if (a !== undefined && b === undefined) return -1;
  if (a === undefined && b !== undefined) return 1;
  return (
    compare(a ?? '', b ?? '') ||
    one.originServerTs - other.originServerTs ||
    compare(one.stateKey ?? '', other.stateKey ?? '')
  );
}

/** 1 to 50 characters between space and tilde; any other `order` is as if there were none. */
function orderOf({ order }: JsonObject): string | undefined {
  return typeof order === 'string' && /^[\x20-\x7e]{1,50}$/.test(order) ? order : undefined;
}

const isListOfStrings = (value: JsonValue | undefined): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);

export interface RoomPreview {
  readonly joinRule: string;
  /** Of restricted rooms: those whose members may join. */
  readonly allowedRoomIds: readonly string[];
  readonly worldReadable: boolean;
  readonly membership: string | undefined;
}

/**
 * Whether a user may be shown a room of a space: whoever could see or join it anyway (Get the space
 * hierarchy; room summary). `isMember` tells for the rooms that a restricted room allows.
 */
export function mayPreview(room: RoomPreview, isMember: (roomId: string) => boolean): boolean {
  if (room.membership === 'join' || room.membership === 'invite') return true;
  if (room.worldReadable) return true;
  if (['public', 'knock', 'knock_restricted'].includes(room.joinRule)) return true;
  return room.joinRule === 'restricted' && room.allowedRoomIds.some(isMember);
}

/** The rooms whose members may join without an invitation (`m.room_membership` conditions of `allow`). */
export function allowedRoomIds(joinRules: JsonObject): string[] {
  if (!Array.isArray(joinRules.allow)) return [];
  return joinRules.allow.flatMap((condition) =>
    isObject(condition) &&
    condition.type === 'm.room_membership' &&
    typeof condition.room_id === 'string'
      ? [condition.room_id]
      : [],
  );
}
