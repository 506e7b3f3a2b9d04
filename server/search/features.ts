import { setTimeout as sleep } from 'node:timers/promises';
import { KeyedMutex } from '../log/keyed-mutex.ts';
import type { Log } from '../log/log.ts';
import { limitExceeded, MatrixError } from '../protocol/matrix-error.ts';
import type { IgnoredBy } from '../rooms/ports.ts';
import type { Rooms } from '../rooms/rooms.ts';
import type { Database } from '../storage/database.ts';
import { connectPool, tookTooLong } from '../storage/database.ts';
import type { SearchLanguage } from '../storage/search/search-languages.ts';
import { type SearchRequest, type SearchResults, search } from './search.ts';
import { SearchIndex } from './search-index.ts';

export interface SearchFeaturePorts {
  readonly log: Log;
  readonly database: Database;
  readonly databaseUrl: string;
  readonly languages: readonly SearchLanguage[];
  readonly rooms: Pick<Rooms, 'open' | 'openAll' | 'roomsOf' | 'justCommitted' | 'shownChanges'>;
  readonly ignoredBy: IgnoredBy;
  readonly onError: (error: unknown) => void;
  readonly statementMsMax?: number;
}

/** So many at once; others wait, and the rest of the server does not. */
const SEARCHES_AT_ONCE = 2;

/** Beyond these somebody would wait for a connection until it counts as lost. */
const SEARCHES_MAX = 100;
const COME_AGAIN_MS = 1_000;
/**
 * The words of one message can cost minutes to rank (cubic in how many are asked for), and what is common elsewhere and
 * rare here to find: whoever asks for it shall not keep the search of all others.
 */
const STATEMENT_MS_MAX = 10_000;

/** Whoever searches finds what they have just said, unless the index is still being made: then what there is so far. */
const INDEXED_WITHIN_MS = 2_000;
const FAR_BEHIND = 1_000;

const CLOSE_MS_MAX = 1_000;

/** Everything of this folder, put together. */
export function searchFeatures(ports: SearchFeaturePorts) {
  const { log, databaseUrl, onError, statementMsMax = STATEMENT_MS_MAX } = ports;
  const index = new SearchIndex(ports);
  const pool = connectPool(databaseUrl, {
    ...{ connectionsMax: SEARCHES_AT_ONCE, onError, statementMsMax },
  });
  let underWay = 0;
  const ofOneUser = new KeyedMutex();
  const reading = { ...ports, database: pool, lastNid: () => log.committed.position };
  return {
    ports: {
      searchIndex: index,
      async search(request: SearchRequest): Promise<SearchResults> {
        if (underWay >= SEARCHES_MAX) throw limitExceeded(COME_AGAIN_MS);
        underWay += 1;
        try {
          // One at a time for each user.
          return await ofOneUser.run(request.userId, async () => {
            const { position } = log.committed;
            if (request.from === undefined && position - index.position < FAR_BEHIND)
              await index.reaches(position, INDEXED_WITHIN_MS);
            return search(reading, request);
          });
        } catch (error) {
          throw tookTooLong(error) ? tooLong(error) : error;
        } finally {
          underWay -= 1;
        }
      },
    },
    begin: () => index.begin(),
    /** A database that does not answer holds up nobody's end: what was not noted is looked at again. */
    async close() {
      const closed = Promise.all([index.close(), pool.end()]).catch(onError);
      await Promise.race([closed, sleep(CLOSE_MS_MAX, undefined, { ref: false })]);
    },
  };
}

const tooLong = (cause: unknown) =>
  new MatrixError(400, 'M_UNKNOWN', 'That takes too long to find: name fewer words, or one room', {
    cause,
  });
