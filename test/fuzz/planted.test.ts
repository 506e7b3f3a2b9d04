import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Endpoint } from '../../server/http/endpoint.ts';
import { OWN_JSON_VALUES, OWN_TEXTS } from './bad-values.ts';
import type { Example } from './example.ts';
import { CERTAIN, Fuzzer } from './fuzzer.ts';
import { hostilesOf } from './hostile.ts';
import { PLANTED } from './planted/endpoints.ts';
import { OWN_TOKEN } from './world.ts';

vi.setConfig({ testTimeout: 300_000 });

let fuzzer: Fuzzer;

beforeAll(async () => {
  fuzzer = await Fuzzer.start({ program: join(import.meta.dirname, 'planted/server.ts') });
});

afterAll(() => fuzzer?.[Symbol.asyncDispose]());

test.each(
  PLANTED.map(({ endpoint, complaint }) => [endpoint.operation, endpoint, complaint] as const),
)('an endpoint that %s is found without a word about it', async (_fault, planted, complaint) => {
  const endpoint = planted as Endpoint<never>;
  // What was asked for before leaves memory in steps of up to 120 kB, and a name as often as it is sent makes 150.
  const complaints = [
    ...(await fuzzer.keptBy([endpoint], CERTAIN)),
    ...(await fuzzer.complaintsAbout(endpoint, 1)),
  ];
  expect(complaints.join('\n')).toMatch(complaint);
});

test.each([0, 1, 2])(
  'what endpoints judge themselves each is given, wherever it stands: at %i',
  (turn) => {
    const example: Example = {
      ...{
        method: 'PUT',
        token: OWN_TOKEN,
        route: '/things/{name}',
        path: { name: 'x' },
        query: { limit: '1' },
      },
      ...{ body: { reason: 'x', tags: { x: 'x' } }, optional: ['reason'] },
    };
    const tried = new Set([...hostilesOf(example, { of: 3, turn })].map(({ what }) => what));
    const wanted = [
      ...['path name', 'query limit'].flatMap((at) =>
        Object.keys(OWN_TEXTS).map((kind) => `${at} is ${kind}`),
      ),
      ...['reason', 'tags', 'tags.x'].flatMap((at) => [
        ...Object.keys(OWN_JSON_VALUES).map((kind) => `${at} is ${kind}`),
        ...[`${at} is full`, `${at} has 1,000 entries`],
      ]),
    ];
    expect(wanted.filter((what) => !tried.has(what))).toEqual([]);
  },
);
