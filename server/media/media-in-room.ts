import type { RoomId, ServerName } from '../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/json.ts';
import type { Database } from '../storage/database.ts';
import { eventsWithMedia } from '../storage/media/quarantine.ts';

const AT_ONCE = 1_000;
/** More would be a list that nobody reads, and memory for whoever fills a room with them. */
const FOUND_MAX = 1_000_000;

/** What the events of a room show: media ids of this server, and URIs of others. Those of encrypted events nobody here can see. */
export async function mediaInRoom(
  { database, serverName }: { readonly database: Database; readonly serverName: ServerName },
  roomId: RoomId,
): Promise<{ readonly local: ReadonlySet<string>; readonly remote: ReadonlySet<string> }> {
  const [local, remote] = [new Set<string>(), new Set<string>()];
  const own = `mxc://${serverName}/`;
  for (let after = 0; local.size + remote.size < FOUND_MAX; ) {
    const events = await eventsWithMedia(database, roomId, { after, limit: AT_ONCE });
    for (const { json } of events)
      for (const uri of urisIn(JSON.parse(json) as JsonObject))
        if (uri.startsWith(own)) local.add(uri.slice(own.length));
        else remote.add(uri);
    if (events.length < AT_ONCE) break;
    after = events.at(-1)!.nid;
  }
  return { local, remote };
}

/** Of a message or a room's picture. Not of a member: whoever is in the room would take their picture along. */
export function urisIn({ content }: JsonObject): readonly string[] {
  const { url, file, info } = objectIn(content);
  const { thumbnail_url, thumbnail_file } = objectIn(info);
  return [url, objectIn(file).url, thumbnail_url, objectIn(thumbnail_file).url].filter(
    (uri) => typeof uri === 'string' && uri.startsWith('mxc://'),
  ) as string[];
}

const objectIn = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {});
