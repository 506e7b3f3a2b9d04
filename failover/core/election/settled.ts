import type { Millis } from '../timings.ts';
import type { Site } from '../view.ts';
import type { Standing } from './votes.ts';

/** As a copy tells it. */
export interface Told extends Standing {
  /** It was started anew and has not said yet that it received anything: it may still replay what it has, and tells how far it is. */
  readonly mayHaveMore: boolean;
}

/** Queries hold a replay up for a second at most (patroni-config), and whoever replays passes some bytes in any second. */
const STILL_FOR_MS = 3_000;

/**
 * After a start a standby tells less than it has, and may have confirmed, until all is replayed (docs/lab.md, M4). So its position is
 * no vote before it has stood still for a while.
 */
export class Settled {
  readonly #positions = new Map<Site, { readonly lsn: number; readonly since: Millis }>();

  /** With a position of 0 where that may be less than what is there. */
  standingIn({ mayHaveMore, ...standing }: Told, now: Millis): Standing {
    if (!mayHaveMore) return standing;
    const { site, lsn } = standing;
    const last = this.#positions.get(site);
    const since = last?.lsn === lsn ? last.since : now;
    this.#positions.set(site, { lsn, since });
    return now - since >= STILL_FOR_MS ? standing : { ...standing, lsn: 0 };
  }
}
