import { expect, test } from 'vitest';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { signingKeyFromSeed } from '../protocol/signing-keys.ts';
import { Admission } from './admission.ts';
import { FederationClient, type FederationRequest } from './federation-client.ts';

const STATE = new Set(['state', 'auth_chain']);

test('an answer of many events is read in small pieces, between which others have their turn', async () => {
  const event = '{"content":{"a":[{},{},{},1.0]},"depth":1}';
  const text = `{"auth_chain":[],"state":[${Array(50_000).fill(event)}]}`;
  let [turns, isTold] = [0, false];
  const count = () => {
    turns += 1;
    if (!isTold) setImmediate(count);
  };
  setImmediate(count);
  const { state } = (await ask(text, { lists: STATE })) as { state: JsonObject[] };
  isTold = true;
  expect(state).toHaveLength(50_000);
  expect(canonicalJson(state.at(-1)!, 'as-found')).toBe(event);
  // Once to see where each lies, and once to parse it.
  expect(turns).toBeGreaterThan((2 * text.length) / 262_144);
});

test('what stands beside the events of an answer is read with its numbers as they stand', async () => {
  const text = '{"event":{"x":1.0},"auth_chain":[],"state":[{"y":1e3}],"members_omitted":false}';
  const answer = (await ask(text, { lists: STATE })) as JsonObject;
  expect(canonicalJson(answer, 'as-found')).toBe(
    '{"auth_chain":[],"event":{"x":1.0},"members_omitted":false,"state":[{"y":1000.0}]}',
  );
});

test.each([
  ['more events than any room has', `{"state":[${'{},'.repeat(200_000)}{}]}`],
  ['more values than all its events may have', `{"state":[${Array(200).fill(values(65_000))}]}`],
  ['more than a mebibyte beside its events', `{"state":[],"x":"${'x'.repeat(1_100_000)}"}`],
  ['no JSON', '{"state":[{]}'],
])('an answer with %s is none', async (_what, text) => {
  await expect(ask(text, { lists: STATE })).rejects.toMatchObject(UNREACHABLE);
});

test('an answer that is read in one go has few values', async () => {
  await expect(ask(`[${'{},'.repeat(600_000)}{}]`)).rejects.toMatchObject(UNREACHABLE);
});

test('an event of too many values is left out of an answer, and all beside it is told', async () => {
  const text = `{"state":[{"a":1},${values(70_000)},{"b":2}]}`;
  expect(await ask(text, { lists: STATE })).toEqual({ state: [{ a: 1 }, {}, { b: 2 }] });
});

test('why a large answer was not entered is no word of its server', async () => {
  const failure = new Error('no turn');
  const enter = () => Promise.reject(failure);
  const large = { fromBytes: 1, withinMs: 60_000, enter };
  await expect(ask('{}', { large })).rejects.toBe(failure);
});

test.each(['M_UNKNOWN_TOKEN', 'M_USER_DEACTIVATED', 'M_USER_LOCKED'])(
  'no other server ends the login of who had it asked (%s)',
  async (errcode) => {
    const text = JSON.stringify({ errcode, error: 'out', soft_logout: false });
    const refusal = { status: 401, body: { errcode: 'M_UNKNOWN', error: 'out' } };
    await expect(ask(text, {}, 401)).rejects.toMatchObject(refusal);
  },
);

const UNREACHABLE = { name: 'ServerUnreachable' };

function values(count: number): string {
  return `{"x":[${'0,'.repeat(count - 3)}0]}`;
}

/** What a server that answers this text has said, by our word. */
function ask(text: string, request: Partial<FederationRequest> = {}, status = 200) {
  const current = signingKeyFromSeed('ed25519:own', Buffer.alloc(32, 7));
  const client = new FederationClient(
    { serverName: 'example.org' as ServerName, ownKeys: { current } },
    {
      admission: new Admission({ allow: undefined, deny: [] }),
      discovery: { wayTo: async () => ({}), forget() {} } as never,
      reach: {
        async ask(_way: unknown, asked: FederationRequest) {
          await asked.large?.enter();
          return { status, headers: {}, body: Buffer.from(text) };
        },
      } as never,
    },
  );
  return client.ask('other.example.org' as ServerName, { method: 'GET', path: '/', ...request });
}
