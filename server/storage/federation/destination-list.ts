import type { RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';

/** Another server, as its line in the administrators' list tells of it. */
export interface ListedDestination {
  readonly destination: ServerName;
  /** Since when it does not answer; null for whoever answered last, and where it is not known. */
  readonly failure_ts: number | null;
  /** It is tried again `retry_interval` behind this; both are 0 for whoever answered last. */
  readonly retry_last_ts: number;
  /** As its failures have it: the real pause is a quarter more or less, and shorter for whoever went just now. */
  readonly retry_interval: number;
  /** Up to where of the log it has all that is for it; null for one that never was there. */
  readonly last_successful_stream_ordering: number | null;
}

export interface DestinationPage {
  readonly text: string | undefined;
  readonly order: (typeof DESTINATION_ORDERS)[number];
  readonly isReversed: boolean;
  readonly from: number;
  readonly limit: number;
}

/** By what they may be ordered: it is told of each. */
export const DESTINATION_ORDERS = [
  'destination',
  'retry_last_ts',
  'retry_interval',
  'failure_ts',
  'last_successful_stream_ordering',
] as const satisfies (keyof ListedDestination)[];

const INTERVAL =
  'CASE WHEN failures = 0 THEN 0 ELSE least(3600000, 1000 * 2 ^ least(failures - 1, 30))::int8 END';

/** Of whom something is noted: $1 names the queue's cursor. */
const TOLD = `SELECT server_name AS destination, nullif(failing_since_ms, 0) AS failure_ts,
    CASE WHEN failures = 0 THEN 0 ELSE retry_at_ms - ${INTERVAL} END AS retry_last_ts, ${INTERVAL} AS retry_interval,
    CASE WHEN active_ms > 0 THEN coalesce(
      (SELECT min(after_position) FROM federation_backlog lack WHERE lack.server_name = server.server_name),
      (SELECT position FROM outward_cursor WHERE name = $1)) END AS last_successful_stream_ordering
  FROM federation_destination server`;

export const listedDestinations = (
  database: Database,
  cursor: string,
  { text = '', order, isReversed, from, limit }: DestinationPage,
) =>
  database.query<ListedDestination>(
    `destination_list_${order}_${isReversed ? 'b' : 'f'}`,
    `SELECT * FROM (${TOLD} WHERE strpos(server_name, $2) > 0) told
     ORDER BY ${order} ${isReversed ? 'DESC' : 'ASC'}, destination LIMIT $3 OFFSET $4`,
    [cursor, text.toLowerCase(), limit, from],
  );

export async function countOfDestinations(database: Database, text = ''): Promise<number> {
  const [row] = await database.query<{ total: number }>(
    'destination_count',
    'SELECT count(*) AS total FROM federation_destination WHERE strpos(server_name, $1) > 0',
    [text.toLowerCase()],
  );
  return row!.total;
}

export async function listedDestination(
  database: Database,
  cursor: string,
  server: ServerName,
): Promise<ListedDestination | undefined> {
  const [told] = await database.query<ListedDestination>(
    'destination_told',
    `${TOLD} WHERE server_name = $2`,
    [cursor, server],
  );
  return told;
}

export interface DestinationsRoom {
  readonly room_id: RoomId;
  readonly stream_ordering: number;
}

const SHARED = `FROM room JOIN room_head USING (room_nid)
     WHERE room_nid IN (SELECT room_nid FROM membership
       WHERE membership = 'join' AND right(user_id, length($1) + 1) = ':' || $1)`;

/** The rooms here in which users of the server are, and up to where of the log each has come. */
export const destinationsRooms = (
  database: Database,
  server: ServerName,
  { isReversed, from, limit }: Pick<DestinationPage, 'isReversed' | 'from' | 'limit'>,
) =>
  database.query<DestinationsRoom & { readonly total: number }>(
    `destinations_rooms_${isReversed ? 'b' : 'f'}`,
    `SELECT room_id, last_position AS stream_ordering, count(*) OVER () AS total ${SHARED}
     ORDER BY room_id ${isReversed ? 'DESC' : 'ASC'} LIMIT $2 OFFSET $3`,
    [server, limit, from],
  );

/** Where a page has none to tell it along with. */
export async function countOfDestinationsRooms(
  database: Database,
  server: ServerName,
): Promise<number> {
  const [row] = await database.query<{ total: number }>(
    'destinations_rooms_count',
    `SELECT count(*) AS total ${SHARED}`,
    [server],
  );
  return row!.total;
}
