import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyNames } from '../core/etcd/names.ts';
import { type Found, readHistory, readTimelines } from '../core/etcd/reading.ts';
import { giveTimeline, type Transaction } from '../core/etcd/transactions.ts';
import { give, reasonNotToPromote, wasGiven } from '../core/timelines.ts';
import type { Site } from '../core/view.ts';
import type { Copy } from './copy.ts';

export interface Asked {
  readonly names: KeyNames;
  readonly site: Site;
  readonly etcd: {
    read(key: string): Promise<Found | undefined>;
    transact(transaction: Transaction): Promise<boolean>;
  };
  readonly copy: () => Promise<Copy>;
  readonly withinMs: number;
}

/** `next` is the number that PostgreSQL would take, `timeline` the one that it must. */
export type Verdict =
  | { readonly refused: string }
  | { readonly refused: null; readonly next: number; readonly timeline: number };

/**
 * Whether PostgreSQL here may be promoted, and to which timeline (core/timelines.ts). What cannot be found out in
 * time is a no: Patroni gives its key back, and somebody else may try.
 */
export async function askToBePromoted(asked: Asked): Promise<Verdict> {
  const until = performance.now() + asked.withinMs;
  const attempts: number[] = [];
  for (;;) {
    const { verdict, why } = await attempt(asked, attempts);
    if (verdict !== null) return verdict;
    if (performance.now() >= until) return { refused: why };
    await sleep(AGAIN_MS);
  }
}

const AGAIN_MS = 50;

interface Outcome {
  readonly verdict: Verdict | null;
  readonly why: string;
}

async function attempt(asked: Asked, attempts: number[]): Promise<Outcome> {
  try {
    return await decide(asked, attempts);
  } catch (error) {
    return again(error instanceof Error ? error.message : String(error));
  }
}

async function decide({ names, site, etcd, copy }: Asked, attempts: number[]): Promise<Outcome> {
  const [known, ended, { chain, next, replays }] = await Promise.all([
    etcd.read(names.timelines).then(readTimelines),
    etcd.read(names.patroniHistory).then(readHistory),
    copy(),
  ]);
  if (known === 'unreadable') return final({ refused: `${names.timelines} cannot be read` });
  const earlier = attempts.find((timeline) => wasGiven(known, site, timeline));
  if (earlier !== undefined) return final({ refused: null, next, timeline: earlier });
  const refused = reasonNotToPromote(chain, known);
  if (refused !== null) return replays ? again(refused) : final({ refused });
  const { revision, ...before } = known;
  // Where the key was lost or removed, a site that comes back must not have led the same number.
  const unused = ended === 'unreadable' || ended === null ? next : Math.max(next, ended + 1);
  const after = give(before, site, chain.at(-1)!, unused);
  attempts.push(after.given);
  const given = await etcd.transact(giveTimeline(names, site, revision, after));
  if (given) return final({ refused: null, next, timeline: after.given });
  return again("Patroni's leader key does not name this site, or something changed");
}

const final = (verdict: Verdict): Outcome => ({ verdict, why: '' });
const again = (why: string): Outcome => ({ verdict: null, why });
