import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALLOCATOR, V8_OPTIONS } from './process-options.ts';

const ROOT = join(import.meta.dirname, '../..');

/** By what starts a server: in all of them, how often. */
const STARTS = {
  'package.json': 2,
  'ansible/roles/farol/templates/farol-server.service': 1,
  'test/cluster/image/supervise': 2,
};

test.each(Object.entries(STARTS))(
  '%s starts the server with the options of V8 that it is measured with',
  (file, times) => {
    const commands = readFileSync(join(ROOT, file), 'utf8').match(/node\b[^\n;]*server\/main\.ts/g);
    const expected = expect.stringContaining(` ${V8_OPTIONS.join(' ')} `);
    expect(commands).toEqual(Array.from({ length: times }, () => expected));
  },
);

test.each(['package.json', 'ansible/roles/farol/templates/farol-server.service'])(
  '%s starts the server with the allocator that it is measured with',
  (file) => {
    const variables = Object.entries(ALLOCATOR).map(([name, value]) => `${name}=${value}`);
    expect(readFileSync(join(ROOT, file), 'utf8')).toContain(` ${variables.join(' ')} `.trim());
  },
);
