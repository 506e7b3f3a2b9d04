import type { Person } from '../../protocol/caller.ts';

/** Timestamp massaging: application services bring over what was said elsewhere, and only they may say when. One to come is now. */
export const timeSaid = (caller: Person, ts: number | undefined): number | undefined =>
  caller.kind === 'user' && caller.service ? ts : undefined;
