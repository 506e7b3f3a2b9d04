import { expect, test } from 'vitest';
import { forTerminal } from './terminal.ts';

test('what other machines say of themselves gives no orders to a terminal, and makes no lines that look like ours', () => {
  expect(forTerminal('a  here\nb  \u001b[2Jsick\r\u0007 \u202eback\u2028c  here')).toBe(
    'a  here\nb   [2Jsick   back c  here',
  );
});
