import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Changes } from '../changes.ts';
import { askAhead } from './ask-ahead.ts';
import type { Answer } from './exchange.ts';
import { Remembered } from './remembered.ts';
import type { Target } from './way.ts';

const KEYS = '/_matrix/key/v2/server';
const WELL_KNOWN = '/.well-known/matrix/client';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a writer that says nothing at first is asked again until it does', async () => {
  const { way, answers, asked, remembered } = bench();
  way.becomes(1);
  await vi.advanceTimersByTimeAsync(0);
  expect(remembered.answerTo('GET', WELL_KNOWN)).toBeUndefined();
  answers.status = 500;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(remembered.answerTo('GET', WELL_KNOWN)).toBeUndefined();
  answers.status = 200;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(remembered.answerTo('GET', WELL_KNOWN)?.status).toBe(200);
  const before = asked.length;
  await vi.advanceTimersByTimeAsync(50_000);
  expect(asked.length).toBe(before);
});

test('what it said is asked for again every minute, so that a signing key that was changed is known when there is no writer', async () => {
  const { way, answers, asked } = bench();
  answers.status = 200;
  way.becomes(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked.filter((each) => each === `1 ${KEYS}`).length).toBe(2);
});

test('another way to the same writer is no reason to ask again', async () => {
  const { way, answers, asked } = bench();
  answers.status = 200;
  way.becomes(1);
  await vi.advanceTimersByTimeAsync(0);
  const before = asked.length;
  way.becomes(1);
  way.becomes(null);
  way.becomes(1);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(asked.length).toBe(before);
});

test('a new writer is asked at once, and the one before no more', async () => {
  const { way, answers, asked } = bench();
  way.becomes(1);
  way.becomes(null);
  await vi.advanceTimersByTimeAsync(50_000);
  answers.status = 200;
  const before = asked.length;
  way.becomes(2);
  await vi.advanceTimersByTimeAsync(50_000);
  expect(asked.slice(before).filter((each) => each.endsWith(KEYS))).toEqual([`2 ${KEYS}`]);
});

function bench() {
  const changes = new Changes();
  const way = {
    open: null as Target | null,
    changes,
    becomes(epoch: number | null) {
      way.open = epoch === null ? null : ({ writer: { epoch } } as Target);
      changes.tell();
    },
  };
  const answers: { status: number | undefined } = { status: undefined };
  const asked: string[] = [];
  const remembered = new Remembered(() => 0);
  askAhead({
    ...{ way, remembered },
    async ask(target, path) {
      asked.push(`${target.writer.epoch} ${path}`);
      const { status } = answers;
      return status === undefined
        ? undefined
        : ({ status, headers: [], body: Buffer.from('{}') } as unknown as Answer);
    },
  });
  return { way, answers, asked, remembered };
}
