import { expect, test } from 'vitest';
import { type Outcome, type Setting, simulate } from '../../failover/core/simulation/simulate.ts';
import { addUp, shown, together } from './sum.ts';
import { whatBecame } from './what-became.ts';
import { Workers } from './workers.ts';

const ran = { next: 21, simulatedMs: 10, acknowledged: 7, broken: [{ seed: 3, what: 'I2: lost' }] };

test('what became of seeds is added up, and a broken one is named', () => {
  const nothing = { next: 1, simulatedMs: 0, acknowledged: 0, broken: [] };
  const begun = { ...nothing, commit: 'x', from: 1, took: { seconds: 0, cpuSeconds: 0 } };
  const sum = addUp(begun, ran, { seconds: 4, cpuSeconds: 2 });
  expect(sum).toMatchObject({ next: 21, acknowledged: 7, broken: ran.broken, commit: 'x' });
  expect(addUp(sum, { ...ran, next: 41 }, { seconds: 4, cpuSeconds: 2 }).simulatedMs).toBe(20);
  expect(JSON.parse(shown(sum))).toMatchObject({
    ...{ seeds: 20, broken: 1, seedsPerSecond: 5, seedsPerCpuSecond: 10 },
  });
});

test('two workers share out seeds, and run each of them once', async () => {
  const workers = new Workers(2);
  const [shared, first, second] = [
    await workers.run(1, 4),
    await workers.run(1, 3),
    await workers.run(3, 4),
  ];
  await workers.end();
  expect(shared).toEqual(together([first, second]));
  expect(shared.next).toBe(4);
  expect(shared.broken).toEqual([]);
  expect(shared.simulatedMs).toBeGreaterThan(3 * 40_000);
});

test('a seed that throws is named as one that is broken, and those behind it are run', () => {
  const throwsAtTwo = (setting: Setting): Outcome => {
    if (setting.seed === 2) throw new Error('no such site');
    return simulate({ ...setting, faults: () => {}, faultsMs: 1 });
  };
  const { next, broken, simulatedMs } = whatBecame(1, 4, throwsAtTwo);
  expect({ next, broken }).toEqual({
    next: 4,
    broken: [{ seed: 2, what: 'throws: Error: no such site' }],
  });
  expect(simulatedMs).toBeGreaterThan(2 * 10_000);
});
