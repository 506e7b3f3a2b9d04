import type { Input } from '../inputs.ts';
import type { CoverSeen } from '../state/seen.ts';
import type { State } from '../state.ts';

/** Answers may overtake each other, and one of an earlier term counts for nothing. */
export function seeCover(
  { cover, leader }: State,
  { site, sentAt, term, why }: Extract<Input, { kind: 'cover-answered' }>,
): Partial<CoverSeen> {
  if (why !== null || term !== leader?.revision) return {};
  const before = cover[site]?.term === term ? cover[site].givenAt : sentAt;
  return { cover: { ...cover, [site]: { term, givenAt: Math.max(before, sentAt) } } };
}
