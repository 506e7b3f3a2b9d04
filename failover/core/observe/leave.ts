import type { Input } from '../inputs.ts';
import type { LeaveSeen } from '../state/seen.ts';
import type { State } from '../state.ts';

/** Answers may overtake each other, and a late one of an earlier term counts for nothing. */
export function seeLeave(
  { leave, leader }: State,
  { site, sentAt, term, why }: Extract<Input, { kind: 'leave-answered' }>,
): Partial<LeaveSeen> {
  const before = leave[site]?.term === term ? leave[site] : undefined;
  if (term !== leader?.revision) return {};
  const given = why === null ? sentAt : Number.NEGATIVE_INFINITY;
  const givenAt = Math.max(before?.givenAt ?? Number.NEGATIVE_INFINITY, given);
  const isLast = sentAt >= (before?.askedAt ?? sentAt);
  const last = isLast ? { why, askedAt: sentAt } : { why: before!.why, askedAt: before!.askedAt };
  return { leave: { ...leave, [site]: { term, givenAt, ...last } } };
}
