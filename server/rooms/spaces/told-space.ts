import { parsedIn, parseRoomId, parseUserId, type RoomId } from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { isSpaceChild } from '../../protocol/spaces/hierarchy.ts';
import type { RoomSummary } from '../summary/room-summary.ts';
import { toldSummary } from '../summary/told-summary.ts';
import { type HierarchyRoom, inOrder, type SpaceChild } from './space-child.ts';

/** A room of another server as that tells of it, and of what it holds where it is a space. */
export interface ToldSpace {
  readonly room: HierarchyRoom;
  /** Without what they hold themselves. */
  readonly children: ReadonlyMap<RoomId, RoomSummary>;
  /** That nobody of this server may see. */
  readonly inaccessible: ReadonlySet<RoomId>;
}

const CHILDREN_MAX = 1_000;

/** Undefined where the answer is not about the room. */
export function toldSpace(
  told: JsonObject,
  wish: { readonly roomId: RoomId; readonly suggestedOnly: boolean },
): ToldSpace | undefined {
  const summary = toldSummary(told.room);
  if (summary?.roomId !== wish.roomId) return undefined;
  const room = told.room as JsonObject;
  const events = summary.roomType === 'm.space' ? listIn(room.children_state) : [];
  const children = listIn(told.children).flatMap((each) => toldSummary(each) ?? []);
  return {
    room: { summary, children: inOrder(events.flatMap(childIn), wish) },
    children: new Map(children.map((each) => [each.roomId, each])),
    inaccessible: new Set(
      listIn(told.inaccessible_children).flatMap((each) => parsedIn(each, parseRoomId) ?? []),
    ),
  };
}

function childIn(told: JsonValue): SpaceChild[] {
  if (!isObject(told)) return [];
  const { type, state_key, content, sender, origin_server_ts } = told;
  if (type !== 'm.space.child' || !isObject(content) || !isSpaceChild({ type, content })) return [];
  const stateKey = parsedIn(state_key, parseRoomId);
  const from = parsedIn(sender, parseUserId);
  if (!stateKey || !from || !Number.isSafeInteger(origin_server_ts)) return [];
  return [
    {
      ...{ type, stateKey, content, sender: from },
      originServerTs: origin_server_ts as number,
      bytes: JSON.stringify(told).length,
    },
  ];
}

const listIn = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? value.slice(0, CHILDREN_MAX) : [];
