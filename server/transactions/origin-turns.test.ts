import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServerName } from '../protocol/identifiers.ts';
import type { MatrixError } from '../protocol/matrix-error.ts';
import { OriginTurns, SMALL_BYTES, TURN_BOUNDS, type TurnBounds } from './origin-turns.ts';

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
  const turns = heldTurns({ placesMax: 1 });
  turns.come('x1', 'a1', 'a2', 'b1', 'c1', 'b2');
  for (const next of ['x1', 'a1', 'b1', 'c1', 'a2', 'b2']) {
    expect((await turns.begun()).at(-1)).toBe(next);
    await turns.end(next);
  }
});

test('no more wait of all servers together than there is room for, in number and in bytes', async () => {
  const few = heldTurns({ placesMax: 1, waitingMax: 2 });
  few.come('x1', 'a1', 'b1');
  expect(await few.refusal('c1')).toBe('M_LIMIT_EXCEEDED');
  const small = heldTurns({ placesMax: 1, waitingBytesMax: 2 * SMALL_BYTES });
  small.come('x1', 'a1', 'b1');
  expect(await small.refusal('c1')).toBe('M_LIMIT_EXCEEDED');
  await small.end('x1');
  small.come('c1');
  await small.end('a1');
  expect(await small.begun()).toEqual(['x1', 'a1', 'b1']);
});

test('of all names below one a few have places at once, and others the rest', async () => {
  const turns = heldTurns({ placesMax: 8, placesOfDomainMax: 2, promptMs: 1e9 });
  turns.come('a.evil.x1', 'b.evil.x1', 'c.evil.x1', 'd.evil.x1', 'good1', 'fine1');
  expect(await turns.begun()).toEqual(['a.evil.x1', 'b.evil.x1', 'good1', 'fine1']);
  await turns.end('good1');
  expect((await turns.begun()).slice(4)).toEqual([]);
  await turns.end('b.evil.x1');
  expect((await turns.begun()).slice(4)).toEqual(['c.evil.x1']);
});

test('whoever of them is slow leaves its place to another of them', async () => {
  const turns = heldTurns({ placesOfDomainMax: 1 });
  turns.come('a.evil.x1', 'b.evil.x1');
  await vi.advanceTimersByTimeAsync(TURN_BOUNDS.promptMs);
  expect(await turns.begun()).toEqual(['a.evil.x1', 'b.evil.x1']);
  await turns.end('a.evil.x1');
  await turns.end('b.evil.x1');
  turns.come('c.evil.x1', 'd.evil.x1');
  expect((await turns.begun()).slice(2)).toEqual(['c.evil.x1']);
});

test.each([
  ['number', { waitingOfDomainMax: 3 }],
  ['bytes', { waitingBytesMax: 4 * 3 * SMALL_BYTES }],
])('of all names below one no more wait than is their part, in %s', async (_what, bounds) => {
  const turns = heldTurns({ placesMax: 1, ...bounds });
  turns.come('x1', 'a.evil.x1', 'b.evil.x1', 'c.evil.x1');
  expect(await turns.refusal('d.evil.x1')).toBe('M_LIMIT_EXCEEDED');
  turns.come('good1');
  for (const name of ['x1', 'a.evil.x1', 'b.evil.x1', 'c.evil.x1']) await turns.end(name);
  expect(await turns.begun()).toEqual(['x1', 'a.evil.x1', 'b.evil.x1', 'c.evil.x1', 'good1']);
});

test.each([
  ['number', { waitingMax: 4 }],
  ['bytes', { waitingBytesMax: 4 * SMALL_BYTES }],
])(
  'the last quarter of what may wait is for those of whom nothing does, in %s',
  async (_what, bounds) => {
    const turns = heldTurns({ placesMax: 1, ...bounds });
    turns.come('x1', 'a1', 'b1', 'c1');
    expect(await turns.refusal('a2')).toBe('M_LIMIT_EXCEEDED');
    turns.come('good1');
    for (const name of ['x1', 'a1', 'b1', 'c1', 'good1']) await turns.end(name);
    expect((await turns.begun()).at(-1)).toBe('good1');
  },
);

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
  const turns = heldTurns({ placesMax: 1 });
  turns.come('slow1', 'slow2', 'a1', 'b1');
  await vi.advanceTimersByTimeAsync(TURN_BOUNDS.promptMs);
  expect(await turns.begun()).toEqual(['slow1', 'a1']);
  await turns.end('slow1');
  expect(await turns.begun()).toEqual(['slow1', 'a1']);
  await turns.end('a1');
  expect((await turns.begun()).length).toBe(3);
});

test('those who left their places hold no more than there is room for: whoever comes then keeps its own', async () => {
  const turns = heldTurns({ placesMax: 2, slowBytesMax: 3 * SMALL_BYTES });
  turns.come('a1', 'b1', 'c1', 'd1', 'e1', 'f1', 'g1');
  await vi.advanceTimersByTimeAsync(3 * TURN_BOUNDS.promptMs);
  expect(await turns.begun()).toEqual(['a1', 'b1', 'c1', 'd1', 'e1']);
  await turns.end('b1');
  expect((await turns.begun()).slice(5)).toEqual(['f1']);
  await turns.end('f1');
  expect((await turns.begun()).slice(6)).toEqual(['g1']);
});

test('what is slow of one domain leaves room for what is slow of others', async () => {
  const turns = heldTurns({ placesMax: 4, slowBytesMax: 8 * SMALL_BYTES });
  const evil = ['a', 'b', 'c', 'd'].map((name) => `${name}.evil.example1`);
  turns.come(...evil);
  await vi.advanceTimersByTimeAsync(2 * TURN_BOUNDS.promptMs);
  turns.come('good.example1', 'fine.example1', 'kind.example1');
  expect((await turns.begun()).slice(4)).toEqual(['good.example1', 'fine.example1']);
  await vi.advanceTimersByTimeAsync(2 * TURN_BOUNDS.promptMs);
  expect((await turns.begun()).slice(6)).toEqual(['kind.example1']);
});

test('of what is large no more is at work than there is room for, in the order in which it came, and who sends little does not wait for it', async () => {
  const large = 3 * SMALL_BYTES;
  const turns = heldTurns(
    { placedBytesMax: 4 * SMALL_BYTES, promptMs: 1e9 },
    { large, medium: 2 * SMALL_BYTES },
  );
  turns.come('large1', 'b1', 'larger1', 'medium1', 'c1', 'b2');
  expect(await turns.begun()).toEqual(['large1', 'b1', 'c1']);
  await turns.end('b1');
  expect((await turns.begun()).slice(3)).toEqual(['b2']);
  await turns.end('large1');
  expect((await turns.begun()).slice(4)).toEqual([]);
  await turns.end('c1');
  expect((await turns.begun()).slice(4)).toEqual(['larger1']);
});

test('whoever waits for room in vain holds nobody up who came behind', async () => {
  const turns = heldTurns(
    { placedBytesMax: 4 * SMALL_BYTES, promptMs: 1e9 },
    { large: 3 * SMALL_BYTES, medium: 2 * SMALL_BYTES },
  );
  turns.come('medium1');
  const refused = turns.refusal('large1');
  await vi.advanceTimersByTimeAsync(TURN_BOUNDS.waitMsMax - 1);
  turns.come('mediumer1');
  expect(await turns.begun()).toEqual(['medium1']);
  await vi.advanceTimersByTimeAsync(1);
  expect(await refused).toBe('M_LIMIT_EXCEEDED');
  expect(await turns.begun()).toEqual(['medium1', 'mediumer1']);
});

/** Transactions named by their server and a number, as large as the start of the name says; each lasts until it is ended. */
function heldTurns(bounds: Partial<TurnBounds> = {}, sizes: Record<string, number> = {}) {
  const turns = new OriginTurns({ ...TURN_BOUNDS, ...bounds });
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const bytesOf = (name: string) =>
    Object.entries(sizes).find(([start]) => name.startsWith(start))?.[1] ?? 10;
  const run = (name: string) =>
    turns.run({ origin: name.slice(0, -1) as ServerName, bytes: bytesOf(name) }, () => {
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
