import { join } from 'node:path';
import { expect, test } from 'vitest';
import { drawMutants, mutantsOf, mutated } from './mutants.ts';

const root = join(import.meta.dirname, '../..');

test('conditions are turned round, guards never hold, and comparisons of a transaction are left out, one at a time', () => {
  const text =
    'const f = () => {\n  if (a === b) return null;\n};\nconst c = d && e < f;\nconst t = { compare: [{ key }, { name }] };\n';
  const all = mutantsOf('x.ts', text).map((mutant) => mutated(text, mutant));
  const first = (line: string) => text.replace('if (a === b) return null;', line);
  expect(all.sort()).toEqual(
    [
      first('if (a !== b) return null;'),
      first('if (false) return null;'),
      text.replace('&&', '||'),
      text.replace('<', '>='),
      text.replace('{ key }', ''),
      text.replace('{ name }', ''),
    ].sort(),
  );
});

test('the same are drawn each time, of most files that decide', () => {
  const drawn = drawMutants(root, 120);
  expect(drawn).toHaveLength(120);
  expect(drawMutants(root, 120)).toEqual(drawn);
  expect(new Set(drawn.map(({ file }) => file)).size).toBeGreaterThan(30);
});
