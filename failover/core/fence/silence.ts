import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import type { Site } from '../view.ts';

/** When this site heard last from another one, by whatever way; long ago where it never did. */
export function heardAt({ pulses, peers, askedBy }: State, site: Site): Millis {
  return Math.max(
    pulses[site]?.seenAt ?? Number.NEGATIVE_INFINITY,
    peers[site]?.at ?? Number.NEGATIVE_INFINITY,
    askedBy[site] ?? Number.NEGATIVE_INFINITY,
  );
}
