import { isAtWork, reportOf } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { Turn } from '../turn.ts';
import type { Site } from '../view.ts';
import { cloneSource } from './clone-source.ts';
import { cloneAnew } from './stuck-member.ts';

export const DAMAGED = 'its copy of the database is damaged';

/**
 * F7: what a power cut damaged and no replay has mended (promotion/check-copy.ts). A standby is cloned anew, from a primary
 * that is well; with three sites only while the third follows, too, so that each write is on two disks all the while. A
 * damaged primary gives the lead away first (switchovers.ts), and is a standby then.
 */
export function replaceDamagedCopy(turn: Turn): void {
  const { state, now, timings } = turn;
  const { postgres, copyDamage, self } = state;
  if (self.witness || copyDamage === null || postgres === null) return;
  if (now - postgres.at > timings.freshMs || postgres.report.role === 'primary') return;
  if (!isAtWork(postgres.report)) return;
  const source = soundPrimary(state, now, timings);
  if (source === null || !othersConfirm(state, source, now, timings)) return;
  cloneAnew(turn, source);
}

function soundPrimary(state: State, now: Millis, timings: Timings): Site | null {
  const site = cloneSource(state, now, timings);
  return site !== null && reportOf(state, site, now, timings)?.copyDamage ? null : site;
}

/**
 * Where only two sites have data there is nobody else, and a damaged copy protects less than none. Of two that are damaged
 * the first by name goes first: what the other receives meanwhile is on its disk all the same.
 */
function othersConfirm(state: State, source: Site, now: Millis, timings: Timings): boolean {
  if (!state.self.strict) return true;
  const { sync } = state.view!.patroni;
  return (sync?.standbys ?? []).some((site) => {
    if (site === state.self.site || site === source) return false;
    const report = reportOf(state, site, now, timings);
    const waits = report?.copyDamage != null && site < state.self.site;
    return report?.postgres?.state === 'streaming' && !waits;
  });
}
