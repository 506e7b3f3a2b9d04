import { expect, test } from 'vitest';
import { lookIn } from './standby.ts';

test('what PostgreSQL prints of a standby is read as numbers of bytes', () => {
  expect(
    lookIn(printed('[341]', RECEIVES, '7577162034117672983|3|1A/51ADCF8|postgres'), 7),
  ).toEqual({
    ...{ atMs: 7, inRecovery: true, receivers: [341], received: 111754910968 },
    ...{ replayed: 111754910968, waits: 'RecoveryWalStream', retryMs: 500 },
    ...{ timeline: 3, lsn: 0x1a * 2 ** 32 + 0x51adcf8 },
  });
});

test('one that was started anew says nothing of what it received', () => {
  const state = RECEIVES.replace('"received" : 111754910968', '"received" : null');
  expect(lookIn(printed('[]', state, '7577162034117672983|3|0/0|postgres'), 7)).toMatchObject({
    ...{ receivers: [], received: null, lsn: 0 },
  });
});

test.each([
  ['nothing', ''],
  ['no position', printed('[]', '{"inRecovery" : true}', '75771|3|0/0|postgres')],
  ['no timeline', printed('[]', '{}', '75771||0/0|postgres')],
  ['half a line', printed('[341]', '{"inRecovery" : tr', '')],
])('%s is no answer', (_, text) => {
  expect(() => lookIn(text, 7)).toThrow();
});

const RECEIVES =
  '{"inRecovery" : true, "received" : 111754910968, "replayed" : 111754910968, "waits" : "RecoveryWalStream", "retryMs" : 500}';

function printed(...lines: string[]): string {
  return `${lines.join('\n')}\n`;
}
