import type { SiteStatus } from '../status/status.ts';
import { span } from './span.ts';

/** A block of the third fence that nobody wants any more, and who must do what. */
export const blocksThatStay = (sites: readonly SiteStatus[]): string[] =>
  sites.flatMap(({ site, staysBlocked }) => (staysBlocked ? [sentence(site, staysBlocked)] : []));

function sentence(
  site: string,
  { site: other, why, forMs }: NonNullable<SiteStatus['staysBlocked']>,
): string {
  return (
    `${site} STILL TURNS ${other} AWAY, though it should have let it in again ${span(forMs)} ago: ${why}. While that lasts its copy takes nothing from there, ` +
    `and it confirms nothing that ${other} writes: see the log of farol-block at ${site}.`
  );
}
