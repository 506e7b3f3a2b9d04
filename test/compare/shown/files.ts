import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { COSTS, COSTS_FILE, type CostRun } from '../cost/results.ts';
import { RESULTS_FILE } from '../options.ts';
import { RUNS, type Run } from '../results.ts';
import { cpuPicture, memoryPicture, throughputPicture } from './cost-pictures.ts';
import { costRanTable, costTable } from './cost-tables.ts';
import { outagesPicture, powerCutPicture } from './pictures.ts';
import {
  causesTable,
  firstScreenTable,
  fullTable,
  otherIsBetter,
  ranTable,
  weighedSaid,
} from './tables.ts';
import { THEMES, type Theme } from './theme.ts';

/** All that was measured. */
export interface Recorded {
  readonly outages: readonly Run[];
  readonly costs: readonly CostRun[];
}

const root = join(import.meta.dirname, '../../..');

type Made<Part> = Record<string, Part>;

const PICTURES: Made<(recorded: Recorded, theme: Theme) => string> = {
  'power-cut': ({ outages }, theme) => powerCutPicture(outages, theme),
  outages: ({ outages }, theme) => outagesPicture(outages, theme),
  throughput: ({ costs }, theme) => throughputPicture(costs, theme),
  cpu: ({ costs }, theme) => cpuPicture(costs, theme),
  memory: ({ costs }, theme) => memoryPicture(costs, theme),
};

const PARTS: Made<Made<(recorded: Recorded) => string>> = {
  'README.md': { 'five-faults': ({ outages }) => firstScreenTable(outages) },
  'docs/measured.md': {
    weighed: ({ outages }) => weighedSaid(outages),
    'other-is-better': ({ outages }) => otherIsBetter(outages),
    'all-figures': ({ outages }) => fullTable(outages),
    causes: ({ outages }) => causesTable(outages),
    costs: ({ costs }) => costTable(costs),
    ran: ({ outages }) => ranTable(outages),
    'costs-ran': ({ costs }) => costRanTable(costs),
  },
};

/** @throws UnreadableResults */
export const readRecorded = (
  outages = join(root, RESULTS_FILE),
  costs = join(root, COSTS_FILE),
): Recorded => ({ outages: RUNS.read(outages), costs: COSTS.read(costs) });

/** Each file that shows figures, as it must be with what was measured. */
export function shownFiles(recorded: Recorded): Map<string, string> {
  const pictures = Object.entries(PICTURES).flatMap(([name, draw]) =>
    THEMES.map(
      (theme) => [`docs/measured/${name}-${theme.name}.svg`, draw(recorded, theme)] as const,
    ),
  );
  const pages = Object.entries(PARTS).map(([page, parts]) => {
    let text = readFileSync(join(root, page), 'utf8');
    for (const [part, make] of Object.entries(parts)) text = withPart(text, part, make(recorded));
    return [page, text] as const;
  });
  return new Map([...pictures, ...pages]);
}

export function writeShown(recorded: Recorded): void {
  for (const [file, text] of shownFiles(recorded)) writeFileSync(join(root, file), text);
}

/** Between two marks that nobody sees; what stands outside of them is written by hand. */
export function withPart(text: string, name: string, part: string): string {
  const [begin, end] = [`<!-- measured: ${name} -->`, `<!-- measured: end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`There is no place for "${name}".`);
  return `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`;
}
