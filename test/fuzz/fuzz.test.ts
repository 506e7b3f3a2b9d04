import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { mountsOf } from '../../server/mounts.ts';
import fc from '../support/fast-check.ts';
import { endpointsIn } from '../support/mounted.ts';
import { BAD_JSON_VALUES, BAD_TEXTS } from './bad-values.ts';
import type { Example } from './example.ts';
import { Fuzzer, grouped } from './fuzzer.ts';
import { spoiled } from './hostile.ts';

vi.setConfig({ testTimeout: 300_000 });

/** Of the random ones; `FUZZ_RUNS=100000` for a long look, which also tries every value everywhere. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 150);
const TOGETHER = 16;

const endpoints = endpointsIn(mountsOf({ adminApi: true, federation: { enabled: true } }));
let fuzzer: Fuzzer;

beforeAll(async () => {
  fuzzer = await Fuzzer.start({ isWide: process.env.FUZZ_RUNS !== undefined });
});

afterAll(() => fuzzer?.[Symbol.asyncDispose]());

test.each(endpoints.map((endpoint, turn) => [endpoint.operation, endpoint, turn] as const))(
  '%s answers whatever is wrong with a request, in little time, and breaks nothing for others',
  async (_operation, endpoint, turn) => {
    const complaints = await fuzzer.complaintsAbout(endpoint, turn);
    expect(complaints.slice(0, 12)).toEqual([]);
  },
);

test.each(grouped(endpoints, TOGETHER).map((group) => [group.length, group[0]!.operation, group]))(
  'what %i endpoints from %s on refuse does not stay in memory',
  async (_count, _first, group) => {
    expect(await fuzzer.keptBy(group)).toEqual([]);
  },
);

test('whatever is put together at random is answered too', async () => {
  const examples: Example[] = [];
  for (const endpoint of endpoints) examples.push(...(await fuzzer.examplesOf(endpoint)));
  const texts = fc.oneof(
    fc.constantFrom(...Object.values(BAD_JSON_VALUES).filter((text) => text.length < 20_000)),
    fc.jsonValue().map((value) => JSON.stringify(value)),
  );
  const spoiling = fc.record({
    values: fc.array(fc.record({ place: fc.nat(100), text: texts }), {
      minLength: 1,
      maxLength: 4,
    }),
    url: fc.record({
      part: fc.constantFrom('path' as const, 'query' as const),
      place: fc.nat(10),
      text: fc.constantFrom(...Object.values(BAD_TEXTS)),
    }),
  });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...examples), spoiling, async (example, how) => {
      expect(await fuzzer.tried(spoiled(example, how))).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
