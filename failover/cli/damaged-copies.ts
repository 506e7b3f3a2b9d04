import type { Status } from '../status/status.ts';

/** Copies of the database that are damaged (F7): where, what is done about it, and who must do what. */
export function damagedCopies({ sites, primary }: Pick<Status, 'sites' | 'primary'>): string[] {
  return sites.flatMap(({ site, copyDamage }) =>
    copyDamage
      ? [`The copy of the database at ${site} is DAMAGED: ${copyDamage}. ${todo(site, primary)}`]
      : [],
  );
}

const todo = (site: string, primary: string | null): string =>
  site === primary
    ? `Another site takes the lead if one that is sound can, and then this copy is made anew by itself; if none can, bring another one back. Look at the disk of ${site}.`
    : `It is not promoted while a sound one has as much, and is made anew by itself from the primary, once that is well and another site confirms, too. Look at the disk of ${site}.`;
