import type { ServerName } from '../../protocol/identifiers.ts';
import type { Database } from '../../storage/database.ts';
import {
  countOfDestinations,
  countOfDestinationsRooms,
  type DestinationPage,
  type DestinationsRoom,
  destinationsRooms,
  type ListedDestination,
  listedDestination,
  listedDestinations,
} from '../../storage/federation/destination-list.ts';
import { CURSOR } from './books.ts';

export {
  DESTINATION_ORDERS,
  type ListedDestination,
} from '../../storage/federation/destination-list.ts';

/** What is waited for between tries, of the site that sends. */
export interface Pauses {
  isMade(server: ServerName): boolean;
  /** False where there is none. */
  end(server: ServerName): boolean;
}

/**
 * The servers that this one sends to, for administrators: as it is noted, which is a second late, and of failures begins with
 * the third.
 */
export class DestinationList {
  readonly #database: Database;
  readonly #pauses: Pauses;

  constructor(database: Database, pauses: Pauses) {
    this.#database = database;
    this.#pauses = pauses;
  }

  async page(page: DestinationPage) {
    const [destinations, total] = await Promise.all([
      listedDestinations(this.#database, CURSOR, page),
      countOfDestinations(this.#database, page.text),
    ]);
    return { destinations, total };
  }

  of(server: ServerName): Promise<ListedDestination | undefined> {
    return listedDestination(this.#database, CURSOR, server);
  }

  async roomsOf(
    server: ServerName,
    page: Pick<DestinationPage, 'isReversed' | 'from' | 'limit'>,
  ): Promise<{ readonly rooms: readonly DestinationsRoom[]; readonly total: number }> {
    const rows = await destinationsRooms(this.#database, server, page);
    const rooms = rows.map(({ room_id, stream_ordering }) => ({ room_id, stream_ordering }));
    const total = rows[0]?.total ?? (await countOfDestinationsRooms(this.#database, server));
    return { rooms, total };
  }

  isPaused(server: ServerName): boolean {
    return this.#pauses.isMade(server);
  }

  /** Ends the pause that is made for the server; false where there is none. */
  tryNow(server: ServerName): boolean {
    return this.#pauses.end(server);
  }
}
