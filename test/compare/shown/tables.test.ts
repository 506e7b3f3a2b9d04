import { expect, test } from 'vitest';
import type { Run } from '../results.ts';
import { middleRun, summaryOf, weighed } from './summary.ts';
import { firstScreenTable, fullTable, otherIsBetter, weighedSaid } from './tables.ts';

const RUNS = [
  run({ withoutAcknowledgementMs: 21_000, messagesFailed: 0 }),
  run({ withoutAcknowledgementMs: 19_000, messagesFailed: 4 }),
  run({ withoutAcknowledgementMs: 30_000, messagesFailed: 1 }),
  run({ system: 'synapse', withoutAcknowledgementMs: 40_000, messagesFailed: 8, lost: 1 }),
  run({ system: 'synapse', withoutAcknowledgementMs: 240_000, hand: 'to serve again', doubled: 2 }),
];

test('of several runs the one in the middle is shown, with the least and the most', () => {
  expect(summaryOf(RUNS, { system: 'farol', fault: 'power-loss' })).toMatchObject({
    ...{ runs: 3, lost: 0, hands: 0 },
    withoutAcknowledgement: { median: 21_000, least: 19_000, most: 30_000 },
  });
  expect(middleRun(RUNS, { system: 'farol', fault: 'power-loss' })).toBe(RUNS[0]);
});

test('what is lost and doubled in any run is told, however many runs there were', () => {
  const summary = summaryOf(RUNS, { system: 'synapse', fault: 'power-loss' });
  expect(summary).toMatchObject({ runs: 2, lost: 1, doubled: 2, hands: 1 });
});

test('the first screen has a line for each fault that both had, and says where a hand was needed', () => {
  const alone = run({ fault: 'network-cut' });
  expect(
    firstScreenTable([...RUNS, alone])
      .split('\n')
      .slice(2),
  ).toEqual([
    '| | Farol | Synapse, nginx, keepalived |',
    '|---|---|---|',
    '| The active site loses its power | 21.0 s, 1 failed | 40.0 s, none failed; **a hand needed in 1 of 2 runs** |',
    '| Acknowledged messages lost / doubled / out of order | 0 / 0 / 0 of 4,000 | 1 / 2 / 0 of 2,000 |',
    '',
    '*4 runs of Farol and 2 of the other, all sites on one machine (2 cores), load average 1 to 2.*',
  ]);
});

test('runs of a busy machine are not weighed where there are others, of either system', () => {
  const busy = RUNS.map((each): Run => ({ ...each, load: [16.1, 9], lost: 5 }));
  expect(weighed([...busy, ...RUNS])).toEqual({ quiet: true, runs: RUNS });
  expect(fullTable([...busy, ...RUNS])).toBe(fullTable(RUNS));
});

test('with runs of a busy machine alone the first screen has no figures, and the page warns', () => {
  const busy = RUNS.map((each, index): Run => (index < 3 ? { ...each, load: [30, 40] } : each));
  expect(weighed(busy)).toEqual({ quiet: false, runs: busy });
  expect(firstScreenTable(busy)).not.toMatch(/\d/);
  expect(weighedSaid(busy)).toContain('no figures to judge either system by');
  expect(weighedSaid(RUNS)).not.toContain('no figures');
});

test('where the other system is better is said, and where it is not is not', () => {
  const better = run({ system: 'synapse', withoutAcknowledgementMs: 1_000, messagesFailed: 9 });
  expect(otherIsBetter([run({ messagesFailed: 3 }), better])).toBe(
    '- The active site loses its power, time without acknowledgement: 1.0 s against Farol’s 20.0 s.',
  );
  expect(otherIsBetter([run({}), run({ system: 'synapse' })])).toContain('In nothing');
});

test('the whole table says how far runs lie apart', () => {
  expect(fullTable(RUNS)).toContain(
    '| Farol | 3 | 21.0 s (19.0 s to 30.0 s) | 4.0 s | 1 (0 to 4) |',
  );
});

function run(special: Partial<Run>): Run {
  return {
    ...{ system: 'farol', fault: 'power-loss', at: '2026-11-27T08:00:00.000Z' },
    ...{ commit: '09e4e3a123', machine: '2 cores', load: [1, 2], versions: {}, hand: 'none' },
    ...{ withoutAcknowledgementMs: 20_000, longestPauseMs: 20_000, withoutAnswerMs: 4_000 },
    ...{ requests: 2_000, failed: {}, messagesFailed: 0, acknowledged: 1_000 },
    ...{ lost: 0, doubled: 0, outOfOrder: 0, otherwiseWrong: {} },
    ...{ acknowledgements: [1, 0, 2], answers: [1, 1, 0] },
    ...special,
  };
}
