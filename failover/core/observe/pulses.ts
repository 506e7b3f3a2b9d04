import type { PulseSeen } from '../inputs.ts';
import type { PulsesSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis } from '../timings.ts';
import type { Site, View } from '../view.ts';

export function seePulses({ pulses: before }: State, view: View, now: Millis): PulsesSeen {
  const after: Record<Site, { revision: number; seenAt: Millis }> = {};
  const see = (site: Site, revision: number): void => {
    const known = before[site];
    after[site] = known && isOld(known.revision, revision) ? known : { revision, seenAt: now };
  };
  // A holder whose key somebody deleted has its time as well: it does not know yet.
  for (const { site } of [view.leader, view.address]) if (site !== null) see(site, 0);
  for (const site of Object.keys(view.machines)) if (!(site in view.sites)) see(site, 0);
  for (const [site, { revision }] of Object.entries(view.sites)) see(site, revision);
  return { pulses: after };
}

/** Seen is seen, by whatever way: a holder counts from when it sent the pulse, which was before. */
export function seePulse(
  { pulses, view }: State,
  { clusterId, site, revision }: PulseSeen,
  now: Millis,
): Partial<PulsesSeen> {
  const known = pulses[site];
  if (view?.clusterId !== clusterId || (known && isOld(known.revision, revision))) return {};
  return { pulses: { ...pulses, [site]: { revision, seenAt: now } } };
}

/** A watch may have shown a later one than this reading. The revision 0 stands for no pulse at all. */
const isOld = (known: number, revision: number): boolean =>
  revision === 0 ? known === 0 : known >= revision;
