import type { ServerName } from '../../protocol/identifiers.ts';

const AWAY_MS_MAX = 30 * 86_400_000;
/** Where nobody answers at all, it may be this server that is away. */
const ALL_AWAY_MS_MAX = 3 * AWAY_MS_MAX;
const HEARD_OF_ANYBODY_MS = 86_400_000;

/**
 * Since when those who do not answer do not. When they were last there says nothing of it: of a server with which there
 * was nothing to do for months that is long ago, and yet it takes what it is sent next.
 */
export class Absences {
  readonly #sinceMs = new Map<ServerName, number>();
  #anybodyMs = Number.NEGATIVE_INFINITY;

  constructor(saved: readonly { serverName: ServerName; failingSinceMs: number }[] = []) {
    for (const { serverName, failingSinceMs } of saved)
      if (failingSinceMs > 0) this.#sinceMs.set(serverName, failingSinceMs);
  }

  failed(server: ServerName, now: number): void {
    if (!this.#sinceMs.has(server)) this.#sinceMs.set(server, now);
  }

  /** It answered, or asked something. */
  isThere(server: ServerName, now: number): void {
    this.#sinceMs.delete(server);
    this.#anybodyMs = now;
  }

  forget(server: ServerName): void {
    this.#sinceMs.delete(server);
  }

  /** 0 for whoever answered last. */
  sinceMs(server: ServerName): number {
    return this.#sinceMs.get(server) ?? 0;
  }

  /** A sign of it is at `activeMs`, also where another release noted that, and not since when it fails. */
  isForLong(server: ServerName, { activeMs, now }: { activeMs: number; now: number }): boolean {
    const sinceMs = this.#sinceMs.get(server);
    if (sinceMs === undefined) return false;
    const isAnybodyThere = now - this.#anybodyMs <= HEARD_OF_ANYBODY_MS;
    const awayMsMax = isAnybodyThere ? AWAY_MS_MAX : ALL_AWAY_MS_MAX;
    return now - Math.max(sinceMs, activeMs) > awayMsMax;
  }
}
