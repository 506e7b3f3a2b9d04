import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAst } from 'vitest/node';
import { random } from '../../failover/core/simulation/random.ts';

/** One small mistake in one file of the core: what stands from `start` to `end` becomes `by`. */
export interface Mutant {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly by: string;
  readonly line: number;
  readonly was: string;
}

/**
 * What decides. Not sentences for people, nor what an operator alone sets in motion, nor what no drawn fault reaches
 * (going alone is off in all that is drawn).
 */
const ROOMS = [
  ...['address', 'copies', 'election', 'etcd', 'failsafe', 'fence', 'health', 'lead', 'moves'],
  ...['observe', 'pulse'],
];
const FILES = ['gate.ts', 'own-name.ts', 'sites.ts', 'timelines.ts', 'turn.ts'];
const CORE = join('failover', 'core');
/** Drawn anew, others would be drawn: then figures are not comparable. */
const SEED = 14;

/** So many, drawn from all that there could be in files with one of `among` in their names; always the same of the same sources. */
export function drawMutants(
  root: string,
  count: number,
  among: readonly string[] = [''],
): Mutant[] {
  const files = filesOf(root).filter((file) => among.some((part) => file.includes(part)));
  const all = files.flatMap((file) => mutantsOf(file, read(root, file)));
  const { next } = random(SEED);
  const drawn = all.map((mutant) => ({ mutant, at: next() })).sort((a, b) => a.at - b.at);
  return drawn.slice(0, count).map(({ mutant }) => mutant);
}

export const mutated = (text: string, { start, end, by }: Mutant): string =>
  text.slice(0, start) + by + text.slice(end);

export const read = (root: string, file: string): string => readFileSync(join(root, file), 'utf8');

const filesOf = (root: string): string[] =>
  [
    ...FILES,
    ...ROOMS.flatMap((room) =>
      readdirSync(join(root, CORE, room)).map((file) => join(room, file)),
    ).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts')),
  ]
    .map((file) => join(CORE, file))
    .sort();

/** Conditions turned round, guards that never hold, comparisons of a transaction left out. */
export function mutantsOf(file: string, text: string): Mutant[] {
  const found: Mutant[] = [];
  const add = (start: number, end: number, by: string): void => {
    const line = text.slice(0, start).split('\n').length;
    const was = text.slice(start, end);
    found.push({ file, start, end, by, line, was });
  };
  each(parseAst(text, { lang: 'ts' }), (node) => {
    const { type, operator, left, right, test, consequent, key, value } = node;
    if (operator !== undefined && left && right && operator in TURNED) {
      const start = text.indexOf(operator, left.end);
      add(start, start + operator.length, TURNED[operator]!);
    }
    if (type === 'IfStatement' && consequent?.type === 'ReturnStatement' && test)
      add(test.start, test.end, 'false');
    if (type === 'Property' && key?.name === 'compare' && value?.elements)
      for (const element of value.elements) add(element.start, element.end, '');
  });
  return found;
}

const TURNED: Readonly<Record<string, string>> = {
  ...{ '===': '!==', '!==': '===', '<': '>=', '>=': '<', '>': '<=', '<=': '>' },
  ...{ '&&': '||', '||': '&&' },
};

interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly operator?: string;
  readonly left?: SyntaxNode;
  readonly right?: SyntaxNode;
  readonly test?: SyntaxNode;
  readonly consequent?: SyntaxNode;
  readonly key?: { readonly name?: string };
  readonly value?: { readonly elements?: readonly SyntaxNode[] };
}

function each(node: unknown, look: (node: SyntaxNode) => void): void {
  if (Array.isArray(node)) for (const child of node) each(child, look);
  else if (typeof node === 'object' && node !== null) {
    if ('type' in node) look(node as SyntaxNode);
    for (const child of Object.values(node)) each(child, look);
  }
}
