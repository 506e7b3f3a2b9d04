import type { SiteStatus, Status } from '../status/status.ts';
import { bytes } from './bytes.ts';

/** F13: sites that are away for long, and when what they lack will no longer be kept for them. */
export function away({ sites }: Status): string[] {
  // An agent of before, beside these sources, says nothing of it.
  return sites.flatMap(({ site, away }) => (away ? [sentence(site, away)] : []));
}

function sentence(site: string, { lacksBytes, forMs, cloneInMs }: NonNullable<SiteStatus['away']>) {
  const lacks = `${site} has been away for ${span(forMs)} and lacks ${bytes(lacksBytes)} of the log`;
  if (cloneInMs === null) return `${lacks}, which is kept for it.`;
  const itself = 'which is done by itself once it is back';
  if (cloneInMs === 0)
    return `${lacks}, which is NO LONGER KEPT for it: ${site} must be cloned anew, ${itself}.`;
  return `${lacks}: if it is not back before, ${site} must be cloned anew in about ${span(cloneInMs)}, ${itself}.`;
}

function span(ms: number): string {
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return ms < 172_800_000
    ? `${Math.round(ms / 3_600_000)} h`
    : `${Math.round(ms / 86_400_000)} days`;
}
