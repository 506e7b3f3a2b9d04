import { countVotes, type Electorate, type Standing } from '../../election/votes.ts';
import { electorateOf } from '../../etcd/reading.ts';
import { giveTimeline } from '../../etcd/transactions.ts';
import { give, reasonNotToPromote, wasGiven } from '../../timelines.ts';
import type { View } from '../../view.ts';
import type { Exclusion } from '../exclusion.ts';
import type { Postgres } from '../postgres.ts';
import { NAMES, type Store } from '../store.ts';
import type { World } from '../world.ts';

/** Of the Patroni that runs it, and with which it ends. */
export interface Runner {
  readonly ask: <T>(apply: (store: Store) => T, then: (value: T | null) => void) => void;
  readonly later: (delayMs: number, act: () => void) => void;
  /** What the other sites' Patroni say of their copies, of those that answer. */
  readonly standings: () => readonly Standing[];
  /** With the agent of its own site. */
  readonly exclusion: Exclusion;
}

/** A Node that starts, on a machine with much to do. */
const START_MS = [80, 900] as const;
const WITHIN_MS = 5_000;
const AGAIN_MS = 250;
const ANSWERS_MS = 20;
const LEAVE_AGAIN_MS = 50;

interface Known {
  readonly timelines: View['timelines'];
  /** Null where no vote is needed. */
  readonly electorate: Electorate | null;
}

/**
 * What Patroni runs before it promotes (failover/promotion), with the decisions of the real program: gives the
 * number that the promotion has to take, or null where it may not be.
 */
export function askToBePromoted(
  postgres: Postgres,
  world: World,
  { ask, later, standings, exclusion }: Runner,
  decided: (timeline: number | null) => void,
): void {
  const { bugs, random, time } = world;
  let begun = time.now;
  const then = (timeline: number | null): void => {
    const stoodStill = world.failsafe && !exclusion.isPromoting;
    if (timeline === null || stoodStill) exclusion.endPromotion();
    decided(stoodStill ? null : timeline);
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
  const decide = ({ timelines, electorate }: Known): void => {
    const refused = timelines === null || reasonNotToPromote(postgres.chain, timelines) !== null;
    if (timelines === null || (refused && !bugs.anyLineageLeads)) {
      then(null);
      return;
    }
    const { site, timeline, lsn } = postgres;
    const { lacking, isFinal } = countVotes(
      { site, timeline, lsn },
      electorate,
      standings(),
      timelines,
    );
    if (lacking === null || bugs.nobodyVotes) take(timelines);
    else if (isFinal || time.now - begun > WITHIN_MS) then(null);
    else later(AGAIN_MS, look);
  };
  const look = (): void =>
    ask(readFrom, (known) => {
      if (known === null) then(null);
      else later(known.electorate === null ? 0 : ANSWERS_MS, () => decide(known));
    });
  const begin = (): void => {
    if (exclusion.leaveHolds && !bugs.promotesDespiteLeave) {
      later(LEAVE_AGAIN_MS, begin);
      return;
    }
    begun = time.now;
    look();
  };
  later(random.between(...START_MS), () => {
    if (!world.failsafe) return look();
    exclusion.beginPromotion();
    later(random.between(0.1, 5), begin);
  });
}

function readFrom(store: Store): Known {
  const { vouched, patroniLeader, patroniSync } = NAMES;
  const electorate = electorateOf(
    store.get(vouched),
    store.get(patroniLeader),
    store.get(patroniSync),
  );
  return { timelines: store.view().timelines, electorate };
}
