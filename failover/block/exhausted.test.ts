import { expect, test } from 'vitest';
import { isExhausted, type Look, type Seen, seenWith } from './exhausted.ts';

const BETWEEN = 'RecoveryRetrieveRetryInterval';

test('a standby that has replayed what it says it received has nothing more', () => {
  const at = (received: number) => isExhausted(seenWith(null, look({ received, replayed: 70 })));
  expect(at(70)).toBe(true);
  // Started anew, it tells of the beginning of a segment, and has replayed more than that (M4).
  expect(at(64)).toBe(true);
  expect(at(71)).toBe(false);
});

test('one that says nothing of what it received is believed after a try that brought nothing', () => {
  const told = { received: null, replayed: 70, waits: BETWEEN };
  expect(exhaustedAt(looks(told))).toBe(1_200);
  expect(exhaustedAt(looks({ ...told, waits: 'RecoveryWalStream' }))).toBe(null);
});

test('what is replayed between two waits begins them anew', () => {
  const told = { received: null, replayed: 70, waits: BETWEEN };
  const more = looks(told).map((each) => (each.atMs > 600 ? { ...each, replayed: 80 } : each));
  expect(exhaustedAt(more)).toBe(1_900);
});

test('half a record at the end, which is never replayed, is no reason to wait for ever', () => {
  expect(exhaustedAt(looks({ received: 90, replayed: 80, waits: BETWEEN }))).toBe(1_200);
});

test('a machine that stood still between two looks begins them anew: it may be the very same wait', () => {
  const told = looks({ received: null, replayed: 70, waits: BETWEEN });
  const stood = told.map((each) => ({ ...each, atMs: each.atMs + (each.atMs > 500 ? 10_000 : 0) }));
  expect(exhaustedAt(stood)).toBe(11_800);
});

test('of one that does not say what it has replayed nothing is known', () => {
  expect(exhaustedAt(looks({ received: null, replayed: null, waits: BETWEEN }))).toBe(null);
});

/** For three seconds, every 0.1 s. */
const looks = (told: Partial<Look>): Look[] =>
  Array.from({ length: 30 }, (_, count) => look({ ...told, atMs: count * 100 }));

function exhaustedAt(all: readonly Look[]): number | null {
  let seen: Seen | null = null;
  for (const each of all) {
    seen = seenWith(seen, each);
    if (isExhausted(seen)) return each.atMs;
  }
  return null;
}

function look(special: Partial<Look>): Look {
  return {
    ...{ atMs: 0, inRecovery: true, receivers: [], received: 70, replayed: 70 },
    ...{ waits: null, retryMs: 500, timeline: 1, lsn: 70 },
    ...special,
  };
}
