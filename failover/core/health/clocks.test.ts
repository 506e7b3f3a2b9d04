import { expect, test } from 'vitest';
import { emptyView } from '../../../test/support/empty-view.ts';
import { selfAt } from '../../../test/support/self.ts';
import { observe } from '../observe/observe.ts';
import { reportNow } from '../pulse/report.ts';
import { type State, start } from '../state.ts';
import { TIMINGS } from '../timings.ts';
import { wellAtSite } from '../told/story-etcd.ts';
import { clockBehind } from './clocks.ts';

/** This machine's wall clock is where it began, at a million; b pulses every 700 ms, and is read 40 ms later or more. */
const WALL = 1_000_000;

test('a wall clock that is behind another site’s by more than a quarter of a second is told, with by how much at least', () => {
  expect(behindAfter(ahead(400))).toEqual({ site: 'b', byMs: 360 });
  expect(behindAfter(ahead(280))).toBeNull();
});

test('who is ahead tells nothing: the other one does; nor does a pulse that came late make anybody behind', () => {
  expect(behindAfter(ahead(-5_000))).toBeNull();
  expect(behindAfter([pulse(400, 2_000), pulse(400, 40), pulse(400, 900)])).toEqual({
    site: 'b',
    byMs: 360,
  });
});

test('of fewer than three pulses nothing is said, nor of a site that is silent', () => {
  expect(behindAfter(ahead(900).slice(0, 2))).toBeNull();
  const silent = { ...seen(ahead(900)), readAt: 60_000 };
  expect(clockBehind(silent, 60_000, TIMINGS)).toBeNull();
});

test('a clock that was set right is no alarm any more when ten pulses have told so', () => {
  const wrong = ahead(900);
  const right = Array.from({ length: 9 }, () => pulse(0, 40));
  expect(behindAfter([...wrong, ...right])).not.toBeNull();
  expect(behindAfter([...wrong, ...right, pulse(0, 40)])).toBeNull();
});

test('a pulse counts from when a watch showed it, and one that was overtaken by another not at all', () => {
  const begun = withWall();
  const hint = { kind: 'pulse-seen', clusterId: '1', site: 'b', revision: 5 } as const;
  const watched = observe(read(begun, 1, WALL, 0), hint, 1_000, TIMINGS);
  expect(read(watched, 5, WALL + 1_400, 1_800).clockLeads.b?.leadsMs.at(-1)).toBe(-400);
  expect(read(watched, 4, WALL + 1_400, 1_800).clockLeads.b?.leadsMs).toHaveLength(1);
});

test('what another site’s agent does not tell is not known, and what ours says goes with its pulse', () => {
  expect(read(withWall(), 5, null, 0).clockLeads.b?.leadsMs).toEqual([]);
  expect(reportNow(withWall(), 5_000, TIMINGS)).toMatchObject({
    wallMs: WALL + 5_000,
    clockBehind: null,
  });
  const { wallMs, clockBehind: told } = reportNow(seen(ahead(400)), 10_000, TIMINGS);
  expect([wallMs, told]).toEqual([WALL + 10_000, { site: 'b', byMs: 360 }]);
  expect(reportNow(start(selfAt('a'), 0), 5_000, TIMINGS).wallMs).toBeNull();
});

interface Pulse {
  readonly aheadMs: number;
  readonly takesMs: number;
}

const pulse = (aheadMs: number, takesMs: number): Pulse => ({ aheadMs, takesMs });
const ahead = (aheadMs: number): Pulse[] => [1, 2, 3].map(() => pulse(aheadMs, 40));

const behindAfter = (pulses: readonly Pulse[]) => clockBehind(seen(pulses), 10_000, TIMINGS);

const withWall = (): State =>
  observe(start(selfAt('a'), 0), { kind: 'wall-clock', aheadMs: WALL }, 0, TIMINGS);

/** The last of them is read 40 ms or more before 10,000. */
function seen(pulses: readonly Pulse[]): State {
  return pulses.reduce((state, { aheadMs, takesMs }, index) => {
    const sentAt = 9_000 - 700 * (pulses.length - 1 - index) - takesMs;
    return read(state, 10 + index, WALL + sentAt + aheadMs, sentAt + takesMs);
  }, withWall());
}

function read(state: State, revision: number, wallMs: number | null, now: number): State {
  const report = { ...wellAtSite('b'), wallMs };
  const view = emptyView(100 + revision, { b: { revision, report } });
  return observe(state, { kind: 'read', view }, now, TIMINGS);
}
