import { parsedIn, parseServerName, type ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { RoomStore } from '../store.ts';

/** A room that was joined without its members, until these are here. */
export type PartialJoin = NonNullable<Awaited<ReturnType<RoomStore['partialJoin']>>>;

/** What is sent to them is ours, but that they are in the room another server says. */
const SERVERS_MAX = 5_000;
/** Of their names: the row is read with each transaction that comes for the room. */
const LENGTH_MAX = 262_144;

/** Undefined where all members came along. */
export function serversTold(
  { members_omitted, servers_in_room }: JsonObject,
  { own, through }: { readonly own: ServerName; readonly through: ServerName },
): readonly ServerName[] | undefined {
  if (members_omitted !== true) return undefined;
  const told = Array.isArray(servers_in_room) ? servers_in_room.slice(0, SERVERS_MAX) : [];
  const servers = told.flatMap((each) => parsedIn(each, parseServerName) ?? []);
  let left = LENGTH_MAX;
  return [...new Set([through, ...servers])].filter((each) => {
    left -= each.length;
    return each !== own && left >= 0;
  });
}
