import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { MatrixError } from '../../protocol/matrix-error.ts';
import {
  GAPS_MAX,
  GAPS_OF_DOMAIN_MAX,
  GAPS_OF_SERVER_MAX,
  GapPlaces,
  WAITING_OF_SERVER_MAX,
} from './gap-places.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('of one server so many at once, and the rest in the order in which it came', async () => {
  const places = heldPlaces();
  places.come('a.org', 5);
  expect(await places.begun()).toBe(GAPS_OF_SERVER_MAX);
  for (const begun of [3, 4, 5, 5, 5]) {
    places.end('a.org');
    expect(await places.begun()).toBe(begun);
  }
});

test('of one domain no more than its part, whatever names it has, and others have theirs', async () => {
  const places = heldPlaces();
  for (let name = 0; name < GAPS_MAX; name++) places.come(`s${name}.evil.org`, 1);
  expect(await places.begun()).toBe(GAPS_OF_DOMAIN_MAX);
  places.come('good.org', 1);
  places.come('10.0.0.1', 1);
  places.come('10.1.0.1:8448', 1);
  expect(await places.begun()).toBe(GAPS_OF_DOMAIN_MAX + 3);
});

test('of all no more than there are places, and who waits is called when one is free', async () => {
  const places = heldPlaces();
  for (let name = 0; name <= GAPS_MAX; name++) places.come(`s${name}.d${name}.org`, 1);
  expect(await places.begun()).toBe(GAPS_MAX);
  places.end('s3.d3.org');
  expect(await places.begun()).toBe(GAPS_MAX + 1);
});

test('who finds no place in time, or waits with too many, is told to come again', async () => {
  const places = heldPlaces();
  places.come('a.org', GAPS_OF_SERVER_MAX);
  const late = places.refusal('a.org');
  await vi.advanceTimersByTimeAsync(WITHIN_MS);
  expect(await late).toBe('M_LIMIT_EXCEEDED');
  places.come('a.org', WAITING_OF_SERVER_MAX);
  expect(await places.refusal('a.org')).toBe('M_LIMIT_EXCEEDED');
  places.come('b.org', 1);
  expect(await places.begun()).toBe(GAPS_OF_SERVER_MAX + 1);
});

const WITHIN_MS = 10_000;

function heldPlaces() {
  const places = new GapPlaces();
  const held: [string, () => void][] = [];
  let begun = 0;
  const run = (name: string) =>
    places.run(name as ServerName, WITHIN_MS, () => {
      begun += 1;
      return new Promise<void>((resolve) => void held.push([name, resolve]));
    });
  return {
    come(name: string, times: number) {
      for (let count = 0; count < times; count++) run(name).catch(() => {});
    },
    refusal: (name: string) =>
      run(name).then(
        () => undefined,
        (error: MatrixError) => error.errcode,
      ),
    end(name: string) {
      const index = held.findIndex(([each]) => each === name);
      if (index >= 0) held.splice(index, 1)[0]![1]();
    },
    async begun() {
      for (let round = 0; round < 20; round++) await Promise.resolve();
      return begun;
    },
  };
}
