import { type Decided, nothingDecided } from './state/decided.ts';
import { nothingSeen, type Seen } from './state/seen.ts';
import type { Millis } from './timings.ts';
import type { Machine, Site } from './view.ts';

/** Everybody reads all of it; each part is written by its owner alone (state.test.ts). */
export interface State extends Seen, Decided {
  readonly self: Self;
}

/** Who this agent is; does not change while it runs. */
export interface Self extends Machine {
  readonly site: Site;
  /** etcd only: never leads, never has the address. */
  readonly witness: boolean;
  readonly serverUrl: string | null;
  /** Patroni is strict: PostgreSQL acknowledges nothing without a standby (three sites). */
  readonly strict: boolean;
  /** Whether this agent can see its PostgreSQL's end, and so hand over Patroni's leader key. */
  readonly mayHandOver: boolean;
  /** Whether this site has a driver for the floating address. */
  readonly mayHoldAddress: boolean;
  /** Whether this site goes on without etcd, and lets others (F20). */
  readonly failsafe: boolean;
  /** Whether others may take its place as soon as they have promised, and it theirs (docs/third-fence.md). */
  readonly thirdFence: boolean;
  /** Whether this site goes on alone as the last one with power, or leaves another so (docs/going-alone.md). */
  readonly alone: boolean;
}

export const start = (self: Self, now: Millis): State => ({
  self,
  ...nothingSeen(now),
  ...nothingDecided(now),
});
