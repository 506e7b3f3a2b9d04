import { expect, test } from 'vitest';
import { MatrixError } from '../protocol/matrix-error.ts';
import { ServerUnreachable, wasSilent } from './federation-client.ts';
import { TooLong, Unusable } from './reach.ts';

const late = new DOMException('late', 'TimeoutError');

test.each<[string, unknown, number, boolean]>([
  ['cannot be connected to', new ServerUnreachable('x', { cause: new Error('reset') }), 10, true],
  ['says nothing in all its time', new ServerUnreachable('x', { cause: late }), 10_000, true],
  ['had but a moment', new ServerUnreachable('x', { cause: late }), 4_999, false],
  ['answers too much', new ServerUnreachable('x', { cause: new TooLong('x') }), 10_000, false],
  ['breaks off', new ServerUnreachable('x', { cause: new Unusable('x') }), 10_000, false],
  ['answers with an error', new MatrixError(500, 'M_UNKNOWN', 'x'), 10_000, false],
])('whether a server that %s is silent', (_what, error, hadMs, isSilent) => {
  expect(wasSilent(error, hadMs)).toBe(isSilent);
});
