import { expect, test } from 'vitest';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { ServerUnreachable } from '../federation-client.ts';
import { Away, isDown } from './away.ts';

const MINUTE = 60_000;
const refused = unreachable(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }));
const late = unreachable(new DOMException('late', 'TimeoutError'));

test('in the first minutes of a server that refuses connections pauses are short', () => {
  const away = new Away({ failures: 0 });
  away.failed(1_000);
  expect(away.pauseMsMax(refused, 1_000)).toBe(10_000);
  away.failed(4 * MINUTE);
  expect(away.pauseMsMax(refused, 1_000 + 5 * MINUTE)).toBe(10_000);
  expect(away.pauseMsMax(late, 4 * MINUTE)).toBeUndefined();
});

test('then they are no longer than it has been away, however often it was tried', () => {
  const away = new Away({ failures: 0 });
  away.failed(0);
  for (const minutes of [6, 50, 500])
    expect(away.pauseMsMax(refused, minutes * MINUTE)).toBe(minutes * MINUTE);
});

test('whoever answers in between is away from its next failure on', () => {
  const away = new Away({ failures: 0 });
  away.failed(0);
  away.isThere();
  away.failed(100 * MINUTE);
  expect(away.pauseMsMax(refused, 100 * MINUTE)).toBe(10_000);
  expect([away.isLately(160 * MINUTE), away.isLately(160 * MINUTE + 1)]).toEqual([true, false]);
});

test('whoever failed before this process began has been away for long', () => {
  const away = new Away({ failures: 3 });
  expect(away.isLately(Date.now())).toBe(false);
  expect(away.pauseMsMax(refused, Date.now())).toBeGreaterThan(3_600_000);
});

test.each<[string, unknown, boolean]>([
  ['refuses a connection', refused, true],
  ['closes it', unreachable(Object.assign(new Error('x'), { code: 'ECONNRESET' })), true],
  ['is behind a proxy that says so', new MatrixError(502, 'M_UNKNOWN', 'x'), true],
  ['is behind one that says so in HTML', unreachable(new MatrixError(503, 'M_UNKNOWN', 'x')), true],
  ['is silent', late, false],
  ['has no name', unreachable(Object.assign(new Error('x'), { code: 'ENOTFOUND' })), false],
  ['has an error of its own', new MatrixError(500, 'M_UNKNOWN', 'x'), false],
  ['is not to be dealt with', new ServerUnreachable('x'), false],
])('whether a server that %s may be about to start', (_what, error, isIt) => {
  expect(isDown(error)).toBe(isIt);
});

function unreachable(cause: Error): Error {
  return new ServerUnreachable('no answer', { cause });
}
