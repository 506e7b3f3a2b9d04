import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALLOCATOR, V8_OPTIONS } from './v8-options.ts';

const ROOT = join(import.meta.dirname, '../..');
const UNIT = 'ansible/roles/farol/templates/farol-front.service';
const LAB = 'test/cluster/image/supervise';

test.each([
  [UNIT, /\S*node .*failover\/main\.ts front/g, 1],
  // Also what compiles for it beforehand: what was compiled with other options is not taken.
  [LAB, /(?<=_front\(\).*)\$node .*failover\/main\.ts/g, 2],
])('%s starts the front with the options of V8 that it is measured with', (file, starts, times) => {
  const commands = readFileSync(join(ROOT, file), 'utf8').match(starts);
  const expected = expect.stringMatching(
    new RegExp(`node ${V8_OPTIONS.join(' ')} \\S*failover/main.ts`),
  );
  expect(commands).toEqual(Array.from({ length: times }, () => expected));
});

test.each([
  [UNIT, /(?<=^Environment=).*/m],
  [LAB, /(?<=^run_front\(\) \{ export )[^;]*/m],
])('%s starts the front with the allocator that it is measured with', (file, variables) => {
  const [said] = variables.exec(readFileSync(join(ROOT, file), 'utf8')) ?? [];
  expect(said?.split(' ')).toEqual(Object.entries(ALLOCATOR).map((each) => each.join('=')));
});
