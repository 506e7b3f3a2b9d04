import { wallNow } from '../health/clocks.ts';
import { silence } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { KeptLog, Site } from '../view.ts';

/** A copy that is away for long: what it lacks, and for how long that will still be kept for it (F13). */
export interface Away {
  readonly lacksBytes: number;
  readonly forMs: Millis;
  /** Then it has to be cloned anew; 0 where it has to by now, null where no end is in sight. */
  readonly cloneInMs: Millis | null;
}

/** A restart, an update or a short loss is no news. */
const LONG_MS = 60_000;

/**
 * The log that the primary has written since the site's last word it has written in the time since: it will go on like that.
 * Null where the site is there, or not enough is known.
 */
export function awayOf(state: State, site: Site, now: Millis, timings: Timings): Away | null {
  const { view } = state;
  const primary = view?.patroni.leader?.site;
  const kept = view?.patroni.kept;
  const [has, written] = [positionOf(state, site), positionOf(state, primary)];
  if (!kept || site === primary || has === null || written === null) return null;
  const forMs = awayMs(state, site, now, timings);
  if (!Number.isFinite(forMs) || forMs < LONG_MS) return null;
  const lacksBytes = Math.max(0, written - has);
  const leftMs = keptForMs({ lacksBytes, forMs }, kept);
  return { lacksBytes, forMs, cloneInMs: Number.isFinite(leftMs) ? leftMs : null };
}

function positionOf({ view }: State, site: Site | undefined): number | null {
  const lsn = site === undefined ? null : (view?.sites[site]?.report.postgres?.lsn ?? null);
  return lsn === null ? null : Number(lsn);
}

/** An agent that began after that has only the two wall clocks, by which nothing is decided. */
function awayMs(state: State, site: Site, now: Millis, timings: Timings): Millis {
  const silentMs = silence(state, site, now, timings);
  const [here, there] = [wallNow(state, now), state.view?.sites[site]?.report.wallMs ?? null];
  const isSilent = silentMs >= timings.leaderLeaseMs;
  return here === null || there === null || !isSilent ? silentMs : Math.max(silentMs, here - there);
}

/** Patroni keeps its slot for a time, PostgreSQL for so many bytes; and some bytes are kept for anybody. */
function keptForMs(
  { lacksBytes, forMs }: Pick<Away, 'lacksBytes' | 'forMs'>,
  kept: KeptLog,
): Millis {
  const perMs = lacksBytes / forMs;
  const untilLacks = (bytes: number | null): Millis =>
    bytes === null || perMs === 0
      ? Number.POSITIVE_INFINITY
      : Math.max(0, (bytes - lacksBytes) / perMs);
  const untilSlotIsGone = Math.max(0, kept.forMs - forMs);
  return Math.min(
    untilLacks(kept.bytesMax),
    Math.max(untilSlotIsGone, untilLacks(kept.bytesAlways)),
  );
}
