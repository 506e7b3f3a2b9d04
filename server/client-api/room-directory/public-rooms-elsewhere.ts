import type { Elsewhere } from '../../federation/asking/elsewhere.ts';
import { invalidParam, notFound } from '../../http/matrix-error.ts';
import { parseServerName } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { publishedChunk } from '../../rooms/summary/room-summary.ts';
import { toldSummary } from '../../rooms/summary/told-summary.ts';
import {
  limitOf,
  type PublicRoomsPorts,
  type PublicRoomsWish,
  publicRooms,
} from './public-rooms.ts';

export interface DirectoryPorts extends PublicRoomsPorts {
  readonly elsewhere: Pick<Elsewhere, 'publicRooms'> | undefined;
}

const TOKEN_LENGTH_MAX = 1_000;

/** A page of the published rooms of the server that is named: this one, where none is. */
export async function publicRoomsOf(
  server: string | undefined,
  ports: DirectoryPorts,
  wish: PublicRoomsWish,
  asker: string,
): Promise<object> {
  if (server === undefined || server === '' || server === ports.roomDirectory.serverName)
    return publicRooms(ports, wish);
  const name = parseServerName(server);
  if (!name.ok) throw invalidParam(`server: ${name.reason}`);
  if (!ports.elsewhere) throw notFound('This server asks no others');
  const { since, term } = wish;
  if (since !== undefined && since.length > TOKEN_LENGTH_MAX)
    throw invalidParam('since is not a token of this endpoint');
  const limit = limitOf(wish);
  const asked = { ...wish, limit, since: since || undefined, term: term || undefined };
  return toldPage(await ports.elsewhere.publicRooms(name.value, asked, asker), limit);
}

function toldPage(told: JsonObject, limit: number): JsonObject {
  const { chunk, total_room_count_estimate: total } = told;
  const rooms = (Array.isArray(chunk) ? chunk : []).slice(0, limit);
  return {
    chunk: rooms.flatMap((each) => {
      const summary = toldSummary(each);
      return summary ? [publishedChunk(summary)] : [];
    }),
    ...(Number.isSafeInteger(total) && { total_room_count_estimate: total as number }),
    ...token('next_batch', told.next_batch),
    ...token('prev_batch', told.prev_batch),
  };
}

const token = (name: string, value: JsonValue | undefined): JsonObject =>
  typeof value === 'string' && value.length <= TOKEN_LENGTH_MAX ? { [name]: value } : {};
