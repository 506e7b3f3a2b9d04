import { z } from 'zod';
import { jsonPieces } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { trueOrFalse, wholeNumber } from '../../http/fields.ts';
import { refuseWhoMustWait } from '../../http/matrix-error.ts';
import type { RateLimits } from '../../http/rate-limits.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { Filters } from '../../sync/v3/filter/filters.ts';
import type { StateKey } from '../../sync/v3/reader.ts';
import type { Sync } from '../../sync/v3/sync.ts';
import { onDevice } from '../on-device.ts';

export interface SyncEndpointPorts {
  readonly sync: Pick<Sync, 'answer' | 'tellsAll'>;
  readonly rateLimits: Pick<RateLimits, 'take'>;
  readonly syncFilters: Pick<Filters, 'of'>;
}

const UNSTABLE_STATE_AFTER = 'org.matrix.msc4222.use_state_after';

export const sync = endpoint({
  operation: 'sync',
  routes: ['GET /_matrix/client/v3/sync', 'GET /_matrix/client/r0/sync'],
  auth: 'guest',
  rateLimit: 'sync',
  idempotency: 'natural',
  query: z.object({
    filter: z.string().optional(),
    since: z.string().optional(),
    full_state: trueOrFalse.default(false),
    set_presence: z.enum(['online', 'unavailable', 'offline']).default('online'),
    timeout: wholeNumber.default(0),
    use_state_after: trueOrFalse.optional(),
    [UNSTABLE_STATE_AFTER]: trueOrFalse.optional(),
  }),

  async handle({ caller, query, signal }, ports: SyncEndpointPorts) {
    const { userId, deviceId } = onDevice(caller);
    limitWhole(query, userId, ports);
    const pieces = ports.sync.answer({
      userId,
      deviceId,
      signal,
      since: query.since,
      filter: await ports.syncFilters.of(userId, query.filter),
      fullState: query.full_state,
      stateKey: stateKeyOf(query),
      setPresence: query.set_presence,
      timeoutMs: query.timeout,
    });
    // Without an await of its own, a request that waits is lighter.
    return pieces.then(jsonPieces);
  },
});

/** They cost a hundred times what the others do, and clients ask for one once in a while. */
function limitWhole(
  query: { since?: string | undefined; full_state: boolean },
  userId: UserId,
  { sync, rateLimits }: SyncEndpointPorts,
): void {
  if (!query.full_state && !sync.tellsAll(query.since)) return;
  refuseWhoMustWait(rateLimits.take('wholeSync', userId));
}

function stateKeyOf(query: {
  use_state_after?: boolean | undefined;
  [UNSTABLE_STATE_AFTER]?: boolean | undefined;
}): StateKey {
  if (query.use_state_after) return 'state_after';
  return query[UNSTABLE_STATE_AFTER] ? 'org.matrix.msc4222.state_after' : 'state';
}
