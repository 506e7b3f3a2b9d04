import { setTimeout as sleep } from 'node:timers/promises';
import { Settled, type Told } from '../core/election/settled.ts';
import { type Count, countVotes, type Electorate } from '../core/election/votes.ts';
import type { KeyNames } from '../core/etcd/names.ts';
import { electorateOf, type Found, readHistory, readTimelines } from '../core/etcd/reading.ts';
import { giveTimeline, type Transaction } from '../core/etcd/transactions.ts';
import { give, reasonNotToPromote, wasGiven } from '../core/timelines.ts';
import type { RefusalKind, Site, Timelines } from '../core/view.ts';
import type { Copy } from './copy.ts';

export interface Asked {
  readonly names: KeyNames;
  readonly site: Site;
  readonly etcd: {
    read(...keys: readonly string[]): Promise<(Found | undefined)[]>;
    transact(transaction: Transaction): Promise<boolean>;
  };
  readonly copy: () => Promise<Copy>;
  /** What other sites' Patroni say of their copies, of those that answer, until it is enough. */
  readonly standings: (
    sites: readonly Site[],
    isEnough: (known: readonly Told[]) => boolean,
  ) => Promise<readonly Told[]>;
  readonly withinMs: number;
  /** Only says what it would say: no number is given, and no other site asked for its vote. */
  readonly onlyTry?: boolean;
}

/** `next` is the number that PostgreSQL would take, `timeline` the one that it must. */
export type Verdict =
  | { readonly refused: string; readonly kind: RefusalKind }
  | { readonly refused: null; readonly next: number; readonly timeline: number };

/**
 * Whether PostgreSQL here may be promoted, and to which timeline (core/timelines.ts). What cannot be found out in
 * time is a no: Patroni gives its key back, and somebody else may try.
 */
export async function askToBePromoted(asked: Asked): Promise<Verdict> {
  const until = performance.now() + asked.withinMs;
  const so: SoFar = { attempts: [], settled: new Settled() };
  for (;;) {
    const { verdict, isFinal } = await attempt(asked, so);
    if (isFinal || performance.now() >= until) return verdict;
    await sleep(AGAIN_MS);
  }
}

const AGAIN_MS = 50;

/** What was found out in the attempts before. */
interface SoFar {
  /** Numbers that were asked for. */
  readonly attempts: number[];
  readonly settled: Settled;
}

interface Outcome {
  readonly verdict: Verdict;
  readonly isFinal: boolean;
}

async function attempt(asked: Asked, so: SoFar): Promise<Outcome> {
  try {
    return await decide(asked, so);
  } catch (error) {
    const kind = error instanceof Silent ? error.kind : 'postgres';
    return again(kind, error instanceof Error ? error.message : String(error));
  }
}

async function decide(asked: Asked, { attempts, settled }: SoFar): Promise<Outcome> {
  const { names, site, etcd } = asked;
  const [known, copy] = await Promise.all([
    of('etcd', readKnown(asked)),
    of('postgres', asked.copy()),
  ]);
  const { timelines, ended } = known;
  if (timelines === 'unreadable') return no('timelines', `${names.timelines} cannot be read`);
  const { chain, next, replays } = copy;
  const earlier = attempts.find((timeline) => wasGiven(timelines, site, timeline));
  if (earlier !== undefined) return yes(next, earlier);
  const refused = reasonToRefuse(copy, timelines);
  if (refused !== null) return replays ? again('left-behind', refused) : no('left-behind', refused);
  const { revision, ...before } = timelines;
  // Where the key was lost or removed, a site that comes back must not have led the same number.
  const unused = ended === 'unreadable' || ended === null ? next : Math.max(next, ended + 1);
  if (asked.onlyTry) return yes(next, unused);
  const { lacking, isFinal } = await votesFor(copy, timelines, known.electorate, {
    ...asked,
    settled,
  });
  if (lacking !== null) return isFinal ? no('votes', lacking) : again('votes', lacking);
  const after = give(before, site, chain.at(-1)!, unused);
  attempts.push(after.given);
  const given = await of('etcd', etcd.transact(giveTimeline(names, site, revision, after)));
  if (given) return yes(next, after.given);
  return again('key', "Patroni's leader key does not name this site, or something changed");
}

/** The electorate is null where no vote is needed. */
async function readKnown({ names, etcd }: Asked) {
  const { timelines, patroniHistory, patroniSync, patroniLeader, vouched } = names;
  const [known, history, sync, leader, vouchedFor] = await etcd.read(
    ...[timelines, patroniHistory, patroniSync, patroniLeader, vouched],
  );
  return {
    timelines: readTimelines(known),
    ended: readHistory(history),
    electorate: electorateOf(vouchedFor, leader, sync),
  };
}

/** PostgreSQL replays what it has received before it is promoted, be it of a later timeline. */
const reasonToRefuse = ({ chain, received }: Copy, known: Timelines): string | null =>
  reasonNotToPromote(chain, known) ?? (received && reasonNotToPromote(received, known));

/** Nobody is asked where nobody has to vote. */
async function votesFor(
  { chain, lsn }: Copy,
  timelines: Timelines,
  electorate: Electorate | null,
  { site, standings, settled }: Asked & Pick<SoFar, 'settled'>,
): Promise<Count> {
  const me = { site, timeline: chain.at(-1)!, lsn };
  const count = (told: readonly Told[]) => {
    const now = performance.now();
    const known = told.map((each) => settled.standingIn(each, now));
    return countVotes(me, electorate, known, timelines);
  };
  const none = count([]);
  if (none.lacking === null || electorate === null) return none;
  const members = [electorate.leader, ...electorate.standbys];
  const others = members.filter((member) => member !== null && member !== site) as Site[];
  const isEnough = (known: readonly Told[]) => count(known).lacking === null;
  return count(await of('etcd', standings(others, isEnough)));
}

/** Whoever was asked said nothing, or that it cannot. */
class Silent extends Error {
  override readonly name = 'Silent';
  readonly kind: RefusalKind;

  constructor(kind: RefusalKind, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.kind = kind;
  }
}

const of = <T>(kind: RefusalKind, answer: Promise<T>): Promise<T> =>
  answer.catch((error: unknown) => {
    throw new Silent(kind, error);
  });

const yes = (next: number, timeline: number): Outcome => ({
  verdict: { refused: null, next, timeline },
  isFinal: true,
});
const no = (kind: RefusalKind, refused: string): Outcome => ({
  verdict: { refused, kind },
  isFinal: true,
});
const again = (kind: RefusalKind, refused: string): Outcome => ({
  verdict: { refused, kind },
  isFinal: false,
});
