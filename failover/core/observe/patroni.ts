import type { Input } from '../inputs.ts';
import type { PatroniSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';

export function seePostgres(
  state: State,
  { postgres: report, heedsLeave }: Extract<Input, { kind: 'postgres' }>,
  now: Millis,
): Partial<PatroniSeen> {
  const ledTimeline = report.role === 'primary' ? (report.timeline ?? state.ledTimeline) : null;
  return {
    postgres: { report, at: now },
    postgresTrouble: null,
    ledTimeline,
    heedsLeave: heedsLeave === true,
  };
}

export const missPostgres = (reason: string): Partial<PatroniSeen> => ({ postgresTrouble: reason });

type LeaseInput = Extract<Input, { kind: 'patroni-lease' }>;

export const seePatroniLease = (state: State, input: LeaseInput): Partial<PatroniSeen> => ({
  patroniLease: leaseAfter(state.patroniLease, input),
});

function leaseAfter(
  before: State['patroniLease'],
  { lease, sentAt, ttlMs }: LeaseInput,
): State['patroniLease'] {
  if (ttlMs === null) return before?.lease === lease ? null : before;
  const until = sentAt + ttlMs;
  // Seconds are rounded down, so an earlier answer may know more.
  if (before?.lease === lease && before.until >= until) return before;
  if (before?.lease !== lease) return { lease, until, prolonged: { until, at: null } };
  const grown = until - before.prolonged.until >= PROLONGED_MS;
  return { lease, until, prolonged: grown ? { until, at: sentAt } : before.prolonged };
}

/** More than seconds that are rounded could make believe. */
const PROLONGED_MS = 1_100;
