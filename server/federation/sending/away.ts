import { MatrixError } from '../../protocol/matrix-error.ts';
import { ServerUnreachable } from '../federation-client.ts';

/** As long as what its users are to hear of is kept for it, of which the newest is enough. */
const LATELY_MS = 3_600_000;
/** Whoever is started anew is there again in that time, mostly, */
const STARTING_MS = 5 * 60_000;
/** and is asked so often meanwhile: that costs a connection that is refused at once. */
const STARTING_PAUSE_MS_MAX = 10_000;

/** Since when a server that was there does not answer, by what this process has seen. */
export class Away {
  #sinceMs: number | undefined;

  /** Of whom the writers before have seen that it failed, it is not known since when: long, for all that depends on it. */
  constructor({ failures }: { readonly failures: number }) {
    if (failures > 0) this.#sinceMs = 0;
  }

  failed(now: number): void {
    this.#sinceMs ??= now;
  }

  /** It answered, or asked something. */
  isThere(): void {
    this.#sinceMs = undefined;
  }

  isLately(now: number): boolean {
    return this.#sinceMs === undefined || now - this.#sinceMs <= LATELY_MS;
  }

  /** The pauses double with the failures; behind many that came quickly, no longer than it has been away. */
  pauseMsMax(error: unknown, now: number): number | undefined {
    const awayMs = now - (this.#sinceMs ?? now);
    if (awayMs <= STARTING_MS) return isDown(error) ? STARTING_PAUSE_MS_MAX : undefined;
    return awayMs;
  }
}

/** Its machine or its proxy is there, and the server itself is not. */
export function isDown(error: unknown): boolean {
  const { cause } = error as Error;
  if (error instanceof MatrixError) return OF_PROXIES.has(error.status);
  if (!(error instanceof ServerUnreachable) || !(cause instanceof Error)) return false;
  if (cause instanceof MatrixError) return OF_PROXIES.has(cause.status);
  return CLOSED.has(String((cause as NodeJS.ErrnoException).code));
}

/** Bad Gateway, Service Unavailable. */
const OF_PROXIES: ReadonlySet<number> = new Set([502, 503]);

const CLOSED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET']);
