import { expect, test, vi } from 'vitest';
import { type Outcome, type Setting, simulate } from '../../failover/core/simulation/simulate.ts';
import { kindOf, shortestStory, tell, toldOf } from './shortest-story.ts';

/** They compute, and the machine may have other things to do. */
vi.setConfig({ testTimeout: 600_000 });

const SEEDS = 300;
const MISTAKE = { addressWithoutLifetime: true };

test('of a seed that shows a mistake nothing is left that it does not take: this one a drill shows without any fault', () => {
  const broken = firstBroken();
  // However slow the machine is: the cuts are as many as they are.
  const shortest = shortestStory(broken, { nowMs: () => 0 });
  const { setting, outcome } = shortest;
  expect(simulate(broken).drawn.length).toBeGreaterThan(1);
  expect(setting.drawn).toEqual([]);
  expect(kindOf(outcome.broken!)).toBe(kindOf(simulate(broken).broken!));
  // What it tells is what anybody sees who runs it, and nothing without the mistake.
  expect(simulate(setting).story).toEqual(outcome.story);
  expect(simulate({ ...setting, bugs: {} }).broken).toBeNull();
  const told = tell(shortest);
  expect(told.split('\n')[0]).toBe(`${simulate(broken).broken} (seed ${broken.seed})`);
  const [, again] = /^Again: simulate\((.*)\)$/m.exec(told)!;
  expect(simulate(JSON.parse(again!)).story).toEqual(outcome.story);
});

test('a search that lasts too long ends with the seed as it was, and a seed in which all holds has none', () => {
  const broken = firstBroken();
  let now = 0;
  const { setting, outcome } = shortestStory(broken, {
    nowMs: () => {
      now += 120_000;
      return now;
    },
  });
  expect(setting.drawn).toEqual(simulate(broken).drawn);
  expect(outcome.story).toEqual(simulate(broken).story);
  expect(toldOf({ seed: 1 }, simulate({ seed: 1 }))).toBeNull();
});

test('what breaks something else is no shorter story of it', () => {
  const drawn = [10_000, 20_000, 30_000].map((at) => ({ fault: 'cutOff', at, forMs: 600 }));
  const broken = [
    null,
    'not well 90000 ms after mending, at 150000 ms',
    'I2: 2.1 was acknowledged and is lost, at 60000 ms',
    'I2: 1.7 was acknowledged and is lost, at 50000 ms',
  ];
  const run = (setting: Setting): Outcome => {
    const faults = setting.drawn ?? drawn;
    return { ...nothing, drawn: faults, broken: broken[faults.length]! };
  };
  const nothing = simulate({ seed: 1, faults: () => {}, faultsMs: 1_000 });
  const { first, setting, outcome } = shortestStory({ seed: 1 }, { nowMs: () => 0, run });
  expect(setting.drawn).toHaveLength(2);
  expect(setting.drawn!.every(({ forMs }) => forMs === 500)).toBe(true);
  expect([first.broken, outcome.broken]).toEqual([broken[3], broken[2]]);
});

/** Of more faults than one. */
function firstBroken(): Setting {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { broken, drawn } = simulate({ seed, bugs: MISTAKE });
    if (broken !== null && drawn.length > 1) return { seed, bugs: MISTAKE };
  }
  throw new Error(`None of ${SEEDS} seeds is broken`);
}

test('a story that breaks something else is no shorter one, whoever it is that breaks it', () => {
  const [one, other] = ['address held by a,b, at 31234 ms', 'address held by b,c, at 12000 ms'].map(
    kindOf,
  );
  expect(one).toBe(other);
  expect(kindOf('I2: 2.17 was acknowledged and is lost, at 60000 ms')).toBe(
    kindOf('I2: 1.3 was acknowledged and is lost, at 45001 ms'),
  );
  const kinds = [
    'a took the leader lease while that of b was good, at 1 ms',
    'I1: a,b could both answer, at 1 ms',
    'I2: a answers without 2.17, at 1 ms',
    'I2: 2.17 was acknowledged and is lost, at 1 ms',
    'I3: 2.17 was done twice, at 1 ms',
    'not well 90000 ms after mending, at 1 ms',
  ].map(kindOf);
  expect(new Set(kinds).size).toBe(kinds.length);
});
