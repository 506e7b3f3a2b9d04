import { expect, test } from 'vitest';
import { openGate } from '../../test/support/open-gate.ts';
import { type Auth, type Endpoint, endpoint, type Route } from './endpoint.ts';
import { API, type Mount, Mounts, type Rules } from './mount.ts';
import { serve } from './serve.ts';

const PLAIN: Rules = {
  headers: { 'x-plain': 'yes' },
  refusal: ({ message }) => ({ type: 'text/plain', body: message }),
};

const at = (route: Route, auth: Auth = 'nobody') =>
  endpoint({
    operation: route,
    routes: [route],
    auth,
    rateLimit: 'none',
    idempotency: 'natural',
    handle: async () => ({ route }),
  });

const mount = (instead: Partial<Mount<object>>): Mount<object> => ({
  ...{ rules: API, prefixes: ['/a/'], callers: ['nobody'], endpoints: [] },
  ...instead,
});

const start = () =>
  serve<object>(
    [
      mount({ endpoints: [at('GET /a/one')] }),
      mount({ rules: PLAIN, prefixes: ['/a/plain/'], endpoints: [at('GET /a/plain/two')] }),
    ],
    openGate({}),
  );

test.each([
  ['GET', '/a/one', 200, 'cross-origin', '{"route":"GET /a/one"}'],
  ['GET', '/a/plain/two?x=/a/', 200, 'plain', '{"route":"GET /a/plain/two"}'],
  ['GET', '/a/plain/three', 404, 'plain', 'Unrecognized request'],
  ['POST', '/a/plain/two', 405, 'plain', 'This path takes only GET, HEAD, OPTIONS'],
  ['OPTIONS', '/a/plain/two', 204, 'plain', ''],
  ['OPTIONS', '/a/one', 204, 'cross-origin', ''],
  ['GET', '/a/plain', 404, 'cross-origin', '{"errcode":"M_UNRECOGNIZED"'],
  ['GET', '/b', 404, 'cross-origin', '{"errcode":"M_UNRECOGNIZED"'],
])(
  'what the longest prefix says of a path holds for all answers there: %s %s is %i, %s',
  async (method, path, status, rules, text) => {
    await using server = await start();
    const answer = await fetch(server.origin + path, { method });
    expect(answer.status).toBe(status);
    expect((await answer.text()).startsWith(text)).toBe(true);
    expect([
      answer.headers.get('x-plain'),
      answer.headers.get('access-control-allow-origin'),
    ]).toEqual(rules === 'plain' ? ['yes', null] : [null, '*']);
  },
);

test('a server that is not the writer says so by the rules of the path', async () => {
  const mounts = [mount({ rules: PLAIN, endpoints: [at('GET /a/one')] })];
  await using server = await serve<object>(mounts, openGate({}, { mayAnswer: () => false }));
  const answer = await fetch(`${server.origin}/a/one`);
  expect([answer.status, answer.headers.get('x-farol-not-writer')]).toEqual([503, '1']);
  expect(await answer.text()).toMatch(/^This server is starting/);
});

const only = (...endpoints: Endpoint<object>[]) => mount({ endpoints });

test.each<[string, Mount<object>[], RegExp]>([
  ['a caller who may not call there', [only(at('GET /a/x', 'user'))], /is for user/],
  ['a route that is elsewhere', [only(at('GET /b/x'))], /under none of the prefixes/],
  ['a prefix that another list has', [only(), only()], /\/a\/ is the prefix of two mounts/],
])('a list with %s is not served', (_what, mounts, complaint) => {
  expect(() => new Mounts(mounts)).toThrow(complaint);
});
