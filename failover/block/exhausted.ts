/** How a standby is, as one look tells it. */
export interface Look {
  readonly atMs: number;
  readonly inRecovery: boolean;
  /** Processes that receive, or try to. */
  readonly receivers: readonly number[];
  /** Ends of what was received and replayed, in bytes; null where PostgreSQL does not say. */
  readonly received: number | null;
  readonly replayed: number | null;
  /** What the process that replays waits for. */
  readonly waits: string | null;
  readonly retryMs: number;
  /** Of what is replayed, as PostgreSQL tells them together. */
  readonly timeline: number;
  readonly lsn: number;
}

/** The looks that count, one after the other. */
export interface Seen {
  /** From which on all say the same. */
  readonly since: Look | null;
  readonly last: Look;
}

/** The process that replays has tried its own log and the primary, and got nothing from either. */
const BETWEEN_TRIES = 'RecoveryRetrieveRetryInterval';
/** Beyond the waits themselves, for what is tried in between. */
const MARGIN_MS = 100;
/** Where nobody looked for longer, the machine may have stood still, and a wait that is over by the clock is the same one. */
const GAP_MAX_MS = 400;

/**
 * Whether all that a standby has is replayed, once nobody gives it more. What it says that it received does for that, where it says so: a receiver is asked
 * for only after the end of the own log was found, and all that came since is in that position (xlogrecovery.c, WaitForWALToBecomeAvailable). Where it says
 * nothing, since it was started anew, or the last record is there in part: once it was seen between tries for longer than two of these waits last.
 */
export function isExhausted({ since, last }: Seen): boolean {
  const { received, replayed, waits, atMs, retryMs } = last;
  if (replayed === null) return false;
  if (received !== null && received <= replayed) return true;
  return since !== null && waits === BETWEEN_TRIES && atMs - since.atMs > 2 * retryMs + MARGIN_MS;
}

export function seenWith(before: Seen | null, last: Look): Seen {
  const { since = null } = before ?? {};
  const goesOn =
    before !== null &&
    last.atMs - before.last.atMs <= GAP_MAX_MS &&
    since?.replayed === last.replayed;
  if (goesOn) return { since, last };
  const begins = last.waits === BETWEEN_TRIES && last.replayed !== null;
  return { since: begins ? last : null, last };
}
