import { expect, test } from 'vitest';
import type { ServerName } from '../protocol/identifiers.ts';
import { Admission } from './admission.ts';

const admits = (admission: Admission, ...names: string[]) =>
  names.map((name) => admission.admits(name as ServerName));

test('who is denied is so at all ports, and however the name is written', () => {
  const admission = new Admission({ allow: undefined, deny: ['evil.org', '[2001:db8::1]:99'] });
  expect(admits(admission, 'evil.org', 'EVIL.org', 'evil.org:99', '[2001:db8::1]:99')).toEqual([
    ...[false, false, false, false],
  ]);
  expect(admits(admission, 'not-evil.org', '[2001:db8::1]')).toEqual([true, true]);
});

test('where some are named nobody else is admitted, and who is denied not even then', () => {
  const admission = new Admission({ allow: ['a.org', 'B.org:1'], deny: ['a.org'] });
  expect(admits(admission, 'a.org', 'b.org:1', 'b.org', 'c.org')).toEqual([
    ...[false, true, false, false],
  ]);
});
