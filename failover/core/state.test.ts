import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('each part of the state is written by one file', () => {
  const parts = ['Seen', 'Decided'].flatMap((whole) => partsOf(whole));
  expect(parts.length).toBeGreaterThan(20);
  const owners = parts.map((part) => [part, writersOf(part)] as const);
  expect(owners.filter(([, files]) => files.length !== 1)).toEqual([]);
});

test('only what puts the parts together makes a whole state', () => {
  const whole = /turn\.state = |\.\.\.(turn\.)?(state|before|after)\b(?!\.)|Partial<State>/;
  const makers = files.filter(({ text }) => whole.test(text)).map(({ name }) => name);
  expect(makers.sort()).toEqual(['observe/observe.ts', 'turn.ts']);
});

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  .filter((name) => !name.startsWith('simulation/'))
  .map((name) => ({ name, text: readFileSync(join(import.meta.dirname, name), 'utf8') }));

/** What an interface is made of, as its declaration says. */
function partsOf(whole: string): string[] {
  const declared = new RegExp(`export interface ${whole}\\s+extends ([^{]+)\\{`);
  const [, parts] = files.map(({ text }) => declared.exec(text)).find((found) => found) ?? [];
  return parts!.split(',').map((part) => part.trim());
}

/** Who names it; to read a part nobody needs to. */
const writersOf = (part: string): string[] =>
  files
    .filter(
      ({ name, text }) => !name.startsWith('state/') && new RegExp(`\\b${part}\\b`).test(text),
    )
    .map(({ name }) => name);
