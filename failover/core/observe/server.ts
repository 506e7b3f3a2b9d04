import type { Input } from '../inputs.ts';
import type { ServerSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';

type Of<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;

export function seeServer(
  state: State,
  { server: report, askedAt }: Of<'server'>,
  now: Millis,
): Partial<ServerSeen> {
  // Asked before the latest order left: what it says of its role may be of before the order.
  if (askedAt < (state.told?.at ?? askedAt)) return {};
  const sickSince = report.healthy ? null : sickFrom(state, now);
  const { why } = report;
  return { server: { report, at: now, lookedAt: now, askedAt, gone: false, sickSince, why } };
}

/** One late answer says nothing new: what was said last holds until it is no longer fresh. */
export function missServer(
  state: State,
  { askedAt, gone, reason }: Of<'server-silent'>,
  now: Millis,
): Partial<ServerSeen> {
  const missed = { ...state.server, lookedAt: now, sickSince: sickFrom(state, now), why: reason };
  return { server: gone ? { ...missed, report: null, at: now, askedAt, gone } : missed };
}

/** Without its PostgreSQL no server is well; that is Patroni's to mend, and does not count. */
function sickFrom({ postgres, server }: State, now: Millis): Millis {
  return postgres?.report.state === 'running' ? (server.sickSince ?? now) : now;
}

export function obeyed(
  state: State,
  { role, epoch }: Of<'told'>,
  now: Millis,
): Partial<ServerSeen> {
  const known = state.server.report ?? { position: null, healthy: true, why: null };
  const askedAt = state.told?.at ?? now;
  const report = { ...known, role, epoch };
  return { server: { ...state.server, report, at: now, askedAt, gone: false } };
}
