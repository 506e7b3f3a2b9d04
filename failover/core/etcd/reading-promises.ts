import type { Block, Site, SitePromise, View } from '../view.ts';
import { type Fields, fieldsOf } from './reading-carried.ts';

interface Found {
  readonly key: string;
  readonly json: unknown;
  readonly revision: number;
}

/** One that nobody can read is none: nothing is done upon it. Absent where there never was one. */
export function readPromises(
  found: readonly Found[],
  folder: string,
  unreadable: string[],
): Pick<View, 'promises'> {
  const promises: Record<Site, SitePromise> = {};
  for (const { key, json, revision } of found) {
    if (!key.startsWith(folder)) continue;
    const site = key.slice(folder.length);
    const promise = promiseIn(fieldsOf(json), revision);
    if (promise === null || site === '' || site in {}) unreadable.push(key);
    // Its revision is needed all the same: who takes it back compares that.
    if (site !== '' && !(site in {})) promises[site] = promise ?? { ...NOTHING, revision };
  }
  return Object.keys(promises).length === 0 ? {} : { promises };
}

const NOTHING = { block: null, timeline: 0, lsn: 0 };

function promiseIn({ block, timeline, lsn }: Fields, revision: number): SitePromise | null {
  if (typeof timeline !== 'number' || typeof lsn !== 'number') return null;
  if (block === null) return { block: null, timeline, lsn, revision };
  const { holder, key, lease } = fieldsOf(block);
  const isBlock =
    typeof holder === 'string' && typeof key === 'number' && typeof lease === 'string';
  return isBlock
    ? { block: { holder, key, lease } satisfies Block, timeline, lsn, revision }
    : null;
}

export function readGiven(found: Found | undefined, unreadable: string[]): Pick<View, 'given'> {
  if (found === undefined) return {};
  const { key, to, timeline } = fieldsOf(found.json);
  if (typeof key === 'number' && typeof to === 'string' && typeof timeline === 'number')
    return { given: { key, to, timeline, revision: found.revision } };
  unreadable.push(found.key);
  return {};
}
