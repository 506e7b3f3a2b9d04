import { coveredUntil } from '../fence/cover.ts';
import { reasonNotToPromise } from '../fence/promise.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Site } from '../view.ts';

/** What the third fence is at, in sentences to stand behind who leads; empty where nobody has promised anything (docs/third-fence.md). */
export function explainPromises(state: State, now: Millis, timings: Timings): string {
  const { view } = state;
  const key = view?.patroni.leader ?? null;
  const sites = Object.entries(view?.promises ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const standing = sites.flatMap(([site, { block }]) => (block === null ? [] : [{ site, block }]));
  const of = (isOfKey: boolean) =>
    standing.filter(({ block }) => (block.key === key?.revision) === isOfKey);
  const before = of(false).map(({ site, block }) => {
    return ` ${site} takes nothing from ${block.holder} until it follows another, or that one leads anew.`;
  });
  return `${promisedNow(key?.site, sitesIn(of(true)))}${before.join('')}${explainOwn(state, now, timings)}`;
}

/** Why nobody may be answered here, where it is for this; null where it is not. */
export function reasonUncovered(state: State, now: Millis, timings: Timings): string | null {
  return state.leader !== null && coveredUntil(state, timings) <= now
    ? 'neither etcd nor enough of the other sites has let it within the last two seconds (the third fence)'
    : null;
}

const sitesIn = (standing: readonly { site: Site }[]): Site[] => standing.map(({ site }) => site);

const promisedNow = (holder: Site | undefined, sites: readonly Site[]): string =>
  holder === undefined || sites.length === 0
    ? ''
    : ` Promised to confirm nothing from ${holder} any more: ${sites.join(', ')}; once all others with a copy have, the one that has most takes its place.`;

/** Of this site, which alone knows what keeps it. */
function explainOwn(state: State, now: Millis, timings: Timings): string {
  const { self, promising, view } = state;
  if (promising !== null) {
    const { block, isVoid, position, trouble } = promising;
    if (trouble !== null)
      return ` Here ${block.holder} is to be ${isVoid ? 'let in again' : 'turned away'}, and for ${((now - trouble.since) / 1_000).toFixed(0)} s that has failed: ${trouble.why}.`;
    if (isVoid) return ` Here ${block.holder} is let in again.`;
    return position === null
      ? ` Here ${block.holder} is being turned away: not all that was received from it is known to be replayed.`
      : '';
  }
  const holder = view?.patroni.leader?.site;
  if (!self.thirdFence || self.witness || holder === undefined || holder === self.site) return '';
  const why = reasonNotToPromise(state, now, timings);
  return why === null ? '' : ` Here nothing is promised: ${why}.`;
}
