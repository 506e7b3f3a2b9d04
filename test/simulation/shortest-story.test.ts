import { expect, test, vi } from 'vitest';
import { type Setting, simulate } from '../../failover/core/simulation/simulate.ts';
import { shortestStory, tell, toldOf } from './shortest-story.ts';

/** They compute, and the machine may have other things to do. */
vi.setConfig({ testTimeout: 600_000 });

const SEEDS = 300;
const MISTAKE = { addressWithoutLifetime: true };

test('of a seed that shows a mistake the one fault is left that it takes', () => {
  const broken = firstBroken();
  const { setting, outcome } = shortestStory(broken);
  expect(simulate(broken).drawn.length).toBeGreaterThan(1);
  expect(setting.drawn).toHaveLength(1);
  expect(outcome.broken).toContain('address held by');
  // What it tells is what anybody sees who runs it, and nothing without the mistake.
  expect(simulate(setting).story).toEqual(outcome.story);
  expect(simulate({ ...setting, bugs: {} }).broken).toBeNull();
  expect(tell({ setting, outcome })).toContain(setting.drawn![0]!.fault);
});

test('a search that lasts too long ends with the seed as it was, and a seed in which all holds has none', () => {
  const broken = firstBroken();
  let now = 0;
  const { setting, outcome } = shortestStory(broken, () => {
    now += 120_000;
    return now;
  });
  expect(setting.drawn).toEqual(simulate(broken).drawn);
  expect(outcome.story).toEqual(simulate(broken).story);
  expect(toldOf({ seed: 1 }, simulate({ seed: 1 }))).toBeNull();
});

/** Of more faults than one. */
function firstBroken(): Setting {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { broken, drawn } = simulate({ seed, bugs: MISTAKE });
    if (broken !== null && drawn.length > 1) return { seed, bugs: MISTAKE };
  }
  throw new Error(`None of ${SEEDS} seeds is broken`);
}
