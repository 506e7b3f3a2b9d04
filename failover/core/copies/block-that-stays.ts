import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import type { StaysBlocked } from '../view.ts';

/** Its program is started anew within a second, and loads its rules. */
const WORTH_TELLING_MS = 10_000;

/**
 * A block that no promise needs any more, and that does not go: this copy takes nothing from whoever leads there, and this site covers nobody and
 * promises nothing, until somebody mends what blocks. Null where there is none.
 */
export function blockThatStays({ promising }: State, now: Millis): StaysBlocked | null {
  if (promising === null || !promising.isVoid || promising.trouble === null) return null;
  const { since, why } = promising.trouble;
  const forMs = now - since;
  return forMs < WORTH_TELLING_MS ? null : { site: promising.block.holder, why, forMs };
}
