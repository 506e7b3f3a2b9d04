import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { reportNow } from '../pulse/report.ts';
import { type State, start } from '../state.ts';
import { NO_TIMELINES } from '../timelines.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import type { Turn } from '../turn.ts';
import type { Report } from '../view.ts';
import { replaceDamagedCopy } from './damaged-copy.ts';

const NOW = 1_000_000;
const STANDBY = { role: 'standby', state: 'streaming', timeline: 1, lsn: '500' } as const;
const PRIMARY = { role: 'primary', state: 'running', timeline: 1, lsn: '500' } as const;
const DAMAGE = 'page 7 of base/5/1 has a wrong checksum';

test('a damaged standby is cloned anew from the primary while the third site follows, too', () => {
  expect(asked({})).toBe('b');
  expect(asked({ own: { copyDamage: null } })).toBeNull();
  expect(asked({ c: { postgres: { ...STANDBY, state: 'starting' } } })).toBeNull();
  expect(asked({ standbys: ['a'] })).toBeNull();
  expect(asked({ standbys: ['a'], own: { self: selfAt('a', { strict: false }) } })).toBe('b');
});

test('of two damaged standbys one is cloned after the other', () => {
  expect(asked({ c: { copyDamage: DAMAGE } })).toBe('b');
  expect(asked({ c: { copyDamage: DAMAGE }, own: { self: selfAt('d') } })).toBeNull();
  expect(asked({ own: { self: selfAt('d') } })).toBe('b');
});

test('not beside a primary that is damaged, gone, or not the one that acknowledges', () => {
  expect(asked({ b: { copyDamage: DAMAGE } })).toBeNull();
  expect(asked({ b: { postgres: { ...PRIMARY, state: 'stopped' } } })).toBeNull();
  expect(asked({ b: { postgres: { ...PRIMARY, timeline: 2 } } })).toBeNull();
  expect(asked({ own: { pulses: {} } })).toBeNull();
});

test('nor while it is not up, is a primary itself, or was cloned a moment ago', () => {
  const own = (report: Report['postgres']) => ({ postgres: { report: report!, at: NOW } });
  expect(asked({ own: own({ ...STANDBY, state: 'creating replica' }) })).toBeNull();
  expect(asked({ own: own(PRIMARY) })).toBeNull();
  expect(asked({ own: { reinitializedAt: NOW - 60_000 } })).toBeNull();
});

test('no planned switchover goes to a site whose copy is damaged', () => {
  const state = { ...start(selfAt('a'), 0), copyDamage: DAMAGE };
  const well = {
    postgres: { report: STANDBY, at: NOW },
    server: { ...state.server, report: wellAtSite('a').server, at: NOW },
  };
  expect(reportNow({ ...state, ...well }, NOW, TIMINGS).notCandidate).toBe(
    'its copy of the database is damaged',
  );
});

interface Seen {
  readonly own?: Partial<State>;
  readonly b?: Partial<Report>;
  readonly c?: Partial<Report>;
  readonly standbys?: readonly string[];
}

/** From whom it asks to be cloned. */
function asked({ own = {}, b = {}, c = {}, standbys = ['a', 'c'] }: Seen): string | null {
  const reports = { b: { postgres: PRIMARY, ...b }, c };
  const sites = Object.fromEntries(
    Object.entries(reports).map(([site, special]) => [
      site,
      { revision: 8, report: { ...wellAtSite(site), ...special } },
    ]),
  );
  const begun = emptyView(9, sites);
  const patroni = {
    ...begun.patroni,
    leader: { site: 'b', lease: '1', revision: 2 },
    sync: { leader: 'b', standbys, revision: 3 },
    timeline: 1,
  };
  const pulse = { revision: 8, seenAt: NOW };
  const state: State = {
    ...start(selfAt('a'), 0),
    view: { ...begun, timelines: { ...NO_TIMELINES, revision: 1 }, patroni },
    readAt: NOW,
    pulses: { b: pulse, c: pulse },
    postgres: { report: STANDBY, at: NOW },
    copyDamage: DAMAGE,
    ...own,
  };
  const turn: Turn = { state, effects: [], now: NOW, timings: TIMINGS };
  replaceDamagedCopy(turn);
  const effect = turn.effects.find(({ kind }) => kind === 'reinitialize');
  return effect?.kind === 'reinitialize' ? effect.from : null;
}
