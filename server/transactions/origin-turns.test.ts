import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServerName } from '../protocol/identifiers.ts';
import type { MatrixError } from '../protocol/matrix-error.ts';
import { OriginTurns, TURN_BOUNDS, type TurnBounds } from './origin-turns.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('of one server one at a time, in the order in which they came', async () => {
  const turns = heldTurns();
  turns.come('a1', 'a2', 'a3');
  expect(await turns.begun()).toEqual(['a1']);
  await turns.end('a1');
  expect(await turns.begun()).toEqual(['a1', 'a2']);
  await turns.end('a2');
  expect(await turns.begun()).toEqual(['a1', 'a2', 'a3']);
});

test('whoever sends more than may wait is sent away, and others are not', async () => {
  const turns = heldTurns();
  turns.come('a1', 'a2', 'a3');
  expect(await turns.refusal('a4')).toBe('M_LIMIT_EXCEEDED');
  turns.come('b1');
  expect(await turns.begun()).toEqual(['a1', 'b1']);
  await turns.end('a1');
  turns.come('a4');
  expect(await turns.begun()).toEqual(['a1', 'b1', 'a2']);
});

test('where all places are taken servers wait in turn, however much one of them sends', async () => {
  const turns = heldTurns({ atWorkMax: 1 });
  turns.come('x1', 'a1', 'a2', 'b1', 'c1', 'b2');
  for (const next of ['x1', 'a1', 'b1', 'c1', 'a2', 'b2']) {
    expect((await turns.begun()).at(-1)).toBe(next);
    await turns.end(next);
  }
});

test('no more wait of all servers together than there is room for, in number and in bytes', async () => {
  const few = heldTurns({ atWorkMax: 1, waitingMax: 2 });
  few.come('x1', 'a1', 'b1');
  expect(await few.refusal('c1')).toBe('M_LIMIT_EXCEEDED');
  const small = heldTurns({ atWorkMax: 1, waitingBytesMax: 20 });
  small.come('x1', 'a1', 'b1');
  expect(await small.refusal('c1')).toBe('M_LIMIT_EXCEEDED');
  await small.end('x1');
  small.come('c1');
  await small.end('a1');
  expect(await small.begun()).toEqual(['x1', 'a1', 'b1']);
});

test('nobody waits longer than the bound, and who was sent away takes no place', async () => {
  const turns = heldTurns({ promptMs: 1e9 });
  turns.come('a1');
  const refused = turns.refusal('a2');
  await vi.advanceTimersByTimeAsync(TURN_BOUNDS.waitMsMax - 1);
  turns.come('a3');
  await vi.advanceTimersByTimeAsync(1);
  expect(await refused).toBe('M_LIMIT_EXCEEDED');
  await turns.end('a1');
  expect(await turns.begun()).toEqual(['a1', 'a3']);
});

test('whoever is slow leaves its place to others, once, and still sends nothing beside it', async () => {
  const turns = heldTurns({ atWorkMax: 1 });
  turns.come('slow1', 'slow2', 'a1', 'b1');
  await vi.advanceTimersByTimeAsync(TURN_BOUNDS.promptMs);
  expect(await turns.begun()).toEqual(['slow1', 'a1']);
  await turns.end('slow1');
  expect(await turns.begun()).toEqual(['slow1', 'a1']);
  await turns.end('a1');
  expect((await turns.begun()).length).toBe(3);
});

/** Transactions named by their server and a number; each has ten bytes, and lasts until it is ended. */
function heldTurns(bounds: Partial<TurnBounds> = {}) {
  const turns = new OriginTurns({ ...TURN_BOUNDS, ...bounds });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string) =>
    turns.run({ origin: name.slice(0, -1) as ServerName, bytes: () => 10 }, () => {
      begun.push(name);
      return new Promise<void>((resolve) => void ends.set(name, resolve));
    });
  const settle = async () => {
    for (let round = 0; round < 20; round++) await Promise.resolve();
  };
  return {
    come: (...names: string[]) => names.forEach((name) => void run(name)),
    refusal: (name: string) =>
      run(name).then(
        () => undefined,
        (error: MatrixError) => error.errcode,
      ),
    async begun() {
      await settle();
      return begun;
    },
    async end(name: string) {
      await settle();
      ends.get(name)!();
      await settle();
    },
  };
}
