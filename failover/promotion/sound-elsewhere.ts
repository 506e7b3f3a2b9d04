import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { wordIn } from '../adapters/word.ts';
import { Settled } from '../core/election/settled.ts';
import type { Found } from '../core/etcd/reading.ts';
import type { Site } from '../core/view.ts';
import type { Copy } from './copy.ts';
import { type Asking, standingsOf } from './standings.ts';

/** As check-copy.ts left it beside. */
export async function damageToldIn(folder: string): Promise<string | null> {
  const word = (await wordIn(join(folder, 'copy.json'))) as { damage?: unknown } | null;
  return typeof word?.damage === 'string' ? word.damage : null;
}

/**
 * A site whose copy is not known to be damaged, runs, is on this one's timeline and has as much: votes would elect it. Null
 * where there is none, since then a damaged copy is all that has what was acknowledged.
 */
export async function soundElsewhere(
  site: Site,
  copy: () => Promise<Copy>,
  asking: Asking,
): Promise<Site | null> {
  const { names, etcd } = asking;
  const { chain, lsn } = await copy();
  const [sync] = await etcd.read(names.patroniSync);
  const others = namedIn(sync).filter((each) => each !== site);
  const reports = await etcd.read(...others.map((each) => names.sites + each));
  const sound = others.filter((_, at) => reports[at] !== undefined && !damageIn(reports[at]));
  const settled = new Settled();
  const replaying = new Set<Site>();
  const until = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const told = await standingsOf(sound, () => false, asking);
    const alike = told.filter(({ timeline }) => timeline === chain.at(-1));
    const found = alike.find((each) => each.lsn >= lsn);
    if (found !== undefined) return found.site;
    const now = performance.now();
    for (const each of alike) {
      // One that still replays has not said yet what it has (docs/lab.md, M4).
      if (each.mayHaveMore && settled.standingIn(each, now).lsn === 0) replaying.add(each.site);
      else replaying.delete(each.site);
    }
    // Also where one answer of it is lost: it has much to read.
    const [replays] = replaying;
    if (replays === undefined) return null;
    if (now >= until) return replays;
    await sleep(AGAIN_MS);
  }
}

const AGAIN_MS = 250;
/** Patroni asks anew, and after a while it is not waited for any more (main.ts). */
const SETTLED_WITHIN_MS = 8_000;

const damageIn = ({ json }: Found): boolean =>
  typeof (json as { copyDamage?: unknown } | undefined)?.copyDamage === 'string';

/** Also who wrote it: back as a standby, it needs no vote. */
function namedIn(sync: Found | undefined): Site[] {
  const { leader, sync_standby } = (sync?.json ?? {}) as {
    leader?: unknown;
    sync_standby?: unknown;
  };
  const named = [leader, sync_standby].filter((each) => typeof each === 'string');
  return named.flatMap((each) => each.split(',')).filter((each) => each !== '');
}
