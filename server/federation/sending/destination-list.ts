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

/**
 * The servers that this one sends to, for administrators: as it is noted, which is a second late, and of failures begins with
 * the third.
 */
export class DestinationList {
  readonly #database: Database;
  readonly #tryNow: (server: ServerName) => boolean;

  constructor(database: Database, tryNow: (server: ServerName) => boolean) {
    this.#database = database;
    this.#tryNow = tryNow;
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

  /** Ends the pause that is made for the server; false where there is none. */
  tryNow(server: ServerName): boolean {
    return this.#tryNow(server);
  }
}
