import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Run } from '../results.ts';
import { outagesPicture, powerCutPicture } from './pictures.ts';
import {
  causesTable,
  firstScreenTable,
  fullTable,
  otherIsBetter,
  ranTable,
  weighedSaid,
} from './tables.ts';
import { THEMES } from './theme.ts';

const root = join(import.meta.dirname, '../../..');

const PICTURES = { 'power-cut': powerCutPicture, outages: outagesPicture };

const PARTS = {
  'README.md': { 'five-faults': firstScreenTable },
  'docs/measured.md': {
    weighed: weighedSaid,
    'other-is-better': otherIsBetter,
    'all-figures': fullTable,
    causes: causesTable,
    ran: ranTable,
  },
} satisfies Record<string, Record<string, (runs: readonly Run[]) => string>>;

/** Each file that shows figures, as it must be with these runs. */
export function shownFiles(runs: readonly Run[]): Map<string, string> {
  const pictures = Object.entries(PICTURES).flatMap(([name, draw]) =>
    THEMES.map((theme) => [`docs/measured/${name}-${theme.name}.svg`, draw(runs, theme)] as const),
  );
  const pages = Object.entries(PARTS).map(([page, parts]) => {
    let text = readFileSync(join(root, page), 'utf8');
    for (const [part, make] of Object.entries(parts)) text = withPart(text, part, make(runs));
    return [page, text] as const;
  });
  return new Map([...pictures, ...pages]);
}

export function writeShown(runs: readonly Run[]): void {
  for (const [file, text] of shownFiles(runs)) writeFileSync(join(root, file), text);
}

/** Between two marks that nobody sees; what stands outside of them is written by hand. */
export function withPart(text: string, name: string, part: string): string {
  const [begin, end] = [`<!-- measured: ${name} -->`, `<!-- measured: end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`There is no place for "${name}".`);
  return `${text.slice(0, from + begin.length)}\n${part}\n${text.slice(to)}`;
}
