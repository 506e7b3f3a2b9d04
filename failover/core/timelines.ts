import type { Acknowledging, Promotion, Site, Timelines } from './view.ts';

/**
 * What etcd keeps of timelines, which PostgreSQL and Patroni know by number alone: PostgreSQL takes the one after
 * the last of which it has a history file, so two copies that never met would both lead one of that number. The
 * first may die with much that nobody received, the second acknowledge; and the first, back with the higher
 * position, would be voted in (`check_timeline` compares numbers), or confirm what it cannot replay. So:
 *
 * - each promotion is given a number that none was given before;
 * - which timeline may acknowledge is written down before it does, and a copy that has not gone through it may
 *   not be promoted, whatever the votes say (Patroni's `pre_promote`).
 */
export const NO_TIMELINES: Timelines = { given: 0, promotions: [], acknowledging: null };

/** Why a copy that has gone through these timelines may not be promoted, as a clause; null if it may. */
export function reasonNotToPromote(
  chain: readonly number[],
  { acknowledging }: Timelines,
): string | null {
  if (acknowledging === null) return null;
  const { timeline, before } = acknowledging;
  const at = chain.indexOf(timeline);
  if (at < 0) return `its copy has not gone through timeline ${timeline}, which has acknowledged`;
  const next = chain[at + 1];
  if (next === undefined || next > before) return null;
  return `its copy left timeline ${timeline}, which has acknowledged since, for ${next}`;
}

/** The number for a promotion at this site. PostgreSQL would take `next` by itself. */
export function give(known: Timelines, site: Site, parent: number, next: number): Timelines {
  const given = Math.max(known.given + 1, next);
  const forgotten = known.promotions.filter((each) => each.site === site).slice(0, 1 - KEPT);
  const others = known.promotions.filter((each) => !forgotten.includes(each));
  return { ...known, given, promotions: [...others, { site, timeline: given, parent }] };
}

/**
 * Of each site, the last. All but one came to nothing; but which one that is, is not known here: the program that asked
 * outlives a Patroni that is killed.
 */
const KEPT = 4;

/** A question whose answer got lost may have been carried out. */
export const wasGiven = ({ promotions }: Timelines, site: Site, timeline: number): boolean =>
  promotions.some((each) => each.site === site && each.timeline === timeline);

/**
 * Why the timeline that PostgreSQL here leads may not acknowledge, as a clause; null if it may. A number that
 * nobody was ever given is of a Patroni that does not ask (`pre_promote` is not in force there yet).
 */
export function reasonNotToAcknowledge(known: Timelines, site: Site, led: number): string | null {
  const { acknowledging, given } = known;
  const later = laterElsewhere(known, site, led);
  if (later !== undefined) {
    return (
      `timeline ${later.timeline} was given to ${later.site} meanwhile, which may lead it and is not asked again: ` +
      'the primary has to move once'
    );
  }
  if (acknowledging === null || led === acknowledging.timeline || led > given) return null;
  if (wasGiven(known, site, led)) return null;
  if (led > acknowledging.before) {
    return (
      `its timeline ${led} was given to nobody here: its Patroni does not ask (\`pre_promote\`, an upgrade under way); ` +
      'the primary has to move once, to a site whose Patroni does'
    );
  }
  return (
    `its timeline ${led} may lack what timeline ${acknowledging.timeline} acknowledged; if that is lost for ` +
    'good, let it be forgotten (failover/README.md, Timelines)'
  );
}

/**
 * A primary asks nobody when it takes a vacant key of Patroni's: a site that was frozen right after its promotion
 * would come back with a higher number than ours, and make everybody follow it. Once the primary has moved, its
 * number is the lower one, and Patroni turns it away by itself (`/history`).
 */
export const laterElsewhere = (
  { promotions }: Timelines,
  site: Site,
  led: number,
): Promotion | undefined => promotions.find((each) => each.site !== site && each.timeline > led);

/** Written down before the first answer under this leader key of Patroni's. */
export function acknowledge(
  known: Timelines,
  site: Site,
  { led, key }: { readonly led: number; readonly key: number },
): Timelines {
  const given = Math.max(known.given, led);
  const acknowledging = { timeline: led, site, parent: parentOf(known, led), before: given, key };
  return { given, promotions: [], acknowledging };
}

/**
 * The timeline that acknowledged is lost for good, and an operator has accepted that (core/recovery/recovery.ts): what goes on is the
 * one of this site's copy, and a copy of the lost one that comes back is as dead as any. No key of Patroni's is 0, so nothing
 * is acknowledged upon it.
 */
export function carryOn(known: Timelines, site: Site, timeline: number): Timelines {
  const given = Math.max(known.given, known.acknowledging?.timeline ?? 0, timeline);
  const acknowledging = { timeline, site, parent: null, before: given, key: 0 };
  return { given, promotions: [], acknowledging };
}

/**
 * Whether a site that has Patroni's leader key, and whose copy is on this timeline, never was asked whether it may lead:
 * another site acknowledged last, and this one was given no number since. So it has been a primary since before, which
 * Patroni lets take a vacant key in a pause, or when its Patroni stood still in its loop; and it never was a standby of
 * whoever acknowledged, whose writes all the others have.
 */
export function isUnasked(known: Timelines, site: Site, timeline: number): boolean {
  const { acknowledging } = known;
  return acknowledging !== null && wasNeverAsked(known, site) && isDead(timeline, acknowledging);
}

/** Since another site acknowledged. */
export function wasNeverAsked({ acknowledging, promotions }: Timelines, site: Site): boolean {
  if (acknowledging?.site === undefined || acknowledging.site === site) return false;
  return !promotions.some((each) => each.site === site);
}

/** Of which timeline it is the child, where it was given its number. */
export function parentOf({ acknowledging, promotions }: Timelines, led: number): number | null {
  if (acknowledging?.timeline === led) return acknowledging.parent;
  return promotions.find(({ timeline }) => timeline === led)?.parent ?? null;
}

/** A copy on such a timeline lacks what has been acknowledged: it is dead, or was left behind. */
export const isDead = (timeline: number, { timeline: living, before }: Acknowledging): boolean =>
  timeline !== living && timeline <= before;
