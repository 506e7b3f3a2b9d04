import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pausesIn } from '../pauses.ts';
import { readRecorded, shownFiles, withPart } from './files.ts';

const root = join(import.meta.dirname, '../../..');
const recorded = readRecorded();

test.for([...shownFiles(recorded)])(
  '%s shows what was measured, and nothing that was written into it by hand',
  ([file, expected]) => {
    expect(readFileSync(join(root, file), 'utf8')).toBe(expected);
  },
);

test('each time in the file follows from what was written down every 100 ms', () => {
  const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
  for (const run of recorded.outages) {
    const pauses = pausesIn(run.acknowledgements);
    expect(run).toMatchObject({
      withoutAcknowledgementMs: sum(pauses),
      longestPauseMs: Math.max(0, ...pauses),
      withoutAnswerMs: sum(pausesIn(run.answers)),
    });
  }
});

test('a figure that is changed by hand is put right, and what stands beside the figures stays', () => {
  const page = 'Before.\n<!-- measured: x -->\n20.0 s\n<!-- measured: end of x -->\nBehind.\n';
  expect(withPart(page.replace('20.0', '2.0'), 'x', '20.0 s')).toBe(page);
});

test('a page without its place for figures is no page with right figures', () => {
  expect(() => withPart('<!-- measured: end of x --><!-- measured: x -->', 'x', '1')).toThrow();
});
