import { expect, test } from 'vitest';
import { forTerminal, jsonForTerminal } from './terminal.ts';

test('what other machines say of themselves gives no orders to a terminal, and makes no lines that look like ours', () => {
  expect(forTerminal('a  here\nb  \u001b[2Jsick\r\u0007 \u202eback\u2028c  here')).toBe(
    'a  here\nb   [2Jsick   back c  here',
  );
});

test('JSON gives none either, and says what it said', () => {
  const told = { name: '\u009b2J \u202eback\u2028 👩\u200d🚀 \u{e0001}\r\n"é' };
  const json = jsonForTerminal(JSON.stringify(told));
  expect(JSON.parse(json)).toEqual(told);
  expect(forTerminal(json)).toBe(json);
});
