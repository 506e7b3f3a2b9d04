import type { SiteStatus } from '../status/status.ts';

/** Each machine says whether its clock is behind another's; which of the two is wrong, nobody here knows. */
export const clocks = (sites: readonly SiteStatus[]): string[] =>
  sites.flatMap(({ site, clockBehind }) => (clockBehind ? [sentence(site, clockBehind)] : []));

function sentence(
  site: string,
  { site: other, byMs }: NonNullable<SiteStatus['clockBehind']>,
): string {
  const by = byMs < 10_000 ? `${(byMs / 1_000).toFixed(1)} s` : `${Math.round(byMs / 1_000)} s`;
  return (
    `CLOCKS: that of ${site} is ${by} behind that of ${other}. Nobody leads or follows by them, but messages are dated by them, and ` +
    'certificates begin and end: see at both what `timedatectl timesync-status` or `chronyc tracking` says.'
  );
}
