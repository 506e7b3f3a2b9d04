import { expect, test } from 'vitest';
import { Answer, jsonPieces } from '../../server/http/answer.ts';
import { type Endpoint, endpoint } from '../../server/http/endpoint.ts';
import { API } from '../../server/http/mount.ts';
import { notingAnswers } from '../support/answered-as-specified.ts';
import { answerSchema } from './answers.ts';
import { operationsOfSpecification, SPEC_IS_HERE } from './from-specification.ts';

const whereItIs = test.skipIf(!SPEC_IS_HERE);

whereItIs(
  "what an operation answers is understood wherever the specification's own data say",
  () => {
    const told = operationsOfSpecification()
      .filter(({ api }) => api === 'client-server' || api === 'server-server')
      .filter(({ method, path }) => answerSchema([`${method} ${path}`], 200));
    expect(told.length).toBeGreaterThan(180);
  },
);

whereItIs.each([
  ['an object', (body: object) => body, ['user_id']],
  ['pieces', (body: object) => jsonPieces(JSON.stringify(body).split('')), ['user_id']],
  [
    'bytes',
    (body: object) => new Answer(200, JSON_TYPE, Buffer.from(JSON.stringify(body))),
    ['user_id'],
  ],
  ['another status', (body: object) => new Answer(404, JSON_TYPE, JSON.stringify(body)), []],
])(
  "an answer in %s is noted where it is not what the specification's own data say",
  async (_as, answer, noted) => {
    const { mounts, otherwise } = notingAnswers([mountOf(() => answer({ user_id: 1 }))]);
    await asked(mounts[0]!.endpoints[0]!);
    expect([...otherwise].map((each) => /, (\w+):/.exec(each)?.[1])).toEqual(noted);
  },
);

whereItIs("an answer is not noted where it is what the specification's own data say", async () => {
  const { mounts, otherwise } = notingAnswers([
    mountOf(() => ({ user_id: '@a:b', device_id: 'D' })),
  ]);
  await asked(mounts[0]!.endpoints[0]!);
  expect([...otherwise]).toEqual([]);
});

const JSON_TYPE = { 'content-type': 'application/json' };

const mountOf = (answer: () => object) => ({
  ...{ rules: API, prefixes: ['/_matrix'] as const, callers: ['user'] as const },
  endpoints: [
    endpoint({
      ...{ operation: 'getTokenOwner', routes: ['GET /_matrix/client/v3/account/whoami'] },
      ...{ auth: 'user', rateLimit: 'read', idempotency: 'natural' },
      handle: async () => answer(),
    }),
  ],
});

/** All of it, as a client reads it. */
async function asked(each: Endpoint<object>): Promise<void> {
  const answer = await each.handle({} as never, {});
  const body = answer instanceof Answer ? answer.body : undefined;
  if (typeof body === 'object' && Symbol.asyncIterator in body) for await (const _piece of body);
}
