import type { UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { parseFilter } from '../../server/sync/v3/filter/filter.ts';
import type { SyncRequest } from '../../server/sync/v3/sync-request.ts';
import { type FreshDatabase, freshDatabase } from './postgres.ts';
import { openRooms, type RoomsUnderTest } from './rooms.ts';

export interface SyncQuery extends Partial<Omit<SyncRequest, 'filter'>> {
  filter?: JsonObject;
}

/** The answer, as loosely typed as tests read it. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers at will, and fail where nothing is.
export type Answer = any;

/** /sync on the real room engine, log and database. Opening it again on one database is a restart. */
export async function openSync(fresh: FreshDatabase) {
  const house: RoomsUnderTest = await openRooms(fresh);
  const { accounts, encryption, sync: features } = house.whole;
  const { accountData, pushRules, filters } = accounts.ports;

  /** One request, with the defaults of a client that asks for nothing special. */
  async function sync(userId: UserId, query: SyncQuery = {}): Promise<Answer> {
    const pieces = await features.ports.sync.answer({
      userId,
      deviceId: 'PHONE',
      since: undefined,
      fullState: false,
      stateKey: 'state',
      setPresence: 'offline',
      timeoutMs: 0,
      signal: new AbortController().signal,
      ...query,
      filter: parseFilter(query.filter ?? {}),
    });
    return JSON.parse(pieces.join(''));
  }

  return {
    ...house,
    ...features.ports,
    features: features.ports,
    close: () => features.close(),
    ...{ accountData, pushRules, filters, encryption: encryption.ports },
    sync,
    /** What is new behind an answer. */
    next: (userId: UserId, before: Answer, query: SyncQuery = {}) =>
      sync(userId, { ...query, since: before.next_batch }),
    [Symbol.asyncDispose]: () => house[Symbol.asyncDispose](),
  };
}

export type SyncUnderTest = Awaited<ReturnType<typeof openSync>>;

/** A fresh database with a server on it. */
export async function freshSync(): Promise<SyncUnderTest & { readonly fresh: FreshDatabase }> {
  const fresh = await freshDatabase();
  const under = await openSync(fresh);
  return {
    ...under,
    fresh,
    async [Symbol.asyncDispose]() {
      await under[Symbol.asyncDispose]();
      await fresh[Symbol.asyncDispose]();
    },
  };
}
