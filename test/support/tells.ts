import { join } from 'node:path';
import { expect } from 'vitest';
import { replay } from '../../failover/core/told/story.ts';
import type { Report } from '../../failover/core/view.ts';

const SCENARIOS = join(import.meta.dirname, '../../failover/core/scenarios');

type Others = Readonly<Record<string, Partial<Report>>>;

/** The story goes on from `before` as it is written down in the file of that name, word for word. */
export async function tells(name: string, before: string, story: string, others: Others = {}) {
  const told = replay({ before, story, others });
  await expect(told).toMatchFileSnapshot(join(SCENARIOS, `${name}.txt`));
}

/** A leader that does well, but for what `line` says. */
export function everyTwoSeconds(from: number, end: number, line: (at: number) => string): string {
  let story = '';
  for (let at = from; at < end; at += 2_000)
    story += `${at} pulsed\n${at + 10} told writer 7\n${at + 15} postgres primary\n${line(at)}\n`;
  return story;
}
