import { giveTimeline } from '../etcd/transactions.ts';
import { give, reasonNotToPromote, wasGiven } from '../timelines.ts';
import type { View } from '../view.ts';
import type { Postgres } from './postgres.ts';
import { NAMES, type Store } from './store.ts';
import type { World } from './world.ts';

/** Of the Patroni that runs it, and with which it ends. */
export interface Runner {
  readonly ask: <T>(apply: (store: Store) => T, then: (value: T | null) => void) => void;
  readonly later: (delayMs: number, act: () => void) => void;
}

/** A Node that starts, on a machine with much to do. */
const START_MS = [80, 900] as const;

/**
 * What Patroni runs before it promotes (failover/promotion), with the decisions of the real program: gives the
 * number that the promotion has to take, or null where it may not be.
 */
export function askToBePromoted(
  postgres: Postgres,
  { bugs, random }: World,
  { ask, later }: Runner,
  then: (timeline: number | null) => void,
): void {
  const decide = (timelines: View['timelines']): void => {
    const refused = timelines === null || reasonNotToPromote(postgres.chain, timelines) !== null;
    if (timelines === null || (refused && !bugs.anyLineageLeads)) then(null);
    else take(timelines);
  };
  const take = ({ revision, ...before }: NonNullable<View['timelines']>): void => {
    const { site, timeline, nextTimeline } = postgres;
    const after = give(before, site, timeline, nextTimeline);
    const number = bugs.numbersAsTheyCome ? nextTimeline : after.given;
    const transaction = giveTimeline(NAMES, site, revision, after);
    ask(
      (store) => {
        const known = store.transact(transaction) ? after : store.view().timelines;
        return known !== null && wasGiven(known, site, after.given);
      },
      (given) => then(given === true ? number : null),
    );
  };
  later(random.between(...START_MS), () =>
    ask(
      (store) => store.view().timelines,
      (timelines) => decide(timelines),
    ),
  );
}
