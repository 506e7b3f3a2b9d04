import { expect, test } from 'vitest';
import type { Person } from '../protocol/caller.ts';
import type { UserId } from '../protocol/identifiers.ts';
import {
  type Proof,
  UiaChallenge,
  type UiaFlows,
  type UiaRequest,
} from '../protocol/interactive-auth.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { FinishedStage } from './finished-stages.ts';
import { interactiveAuth } from './interactive-auth.ts';

const caller: Person = { kind: 'user', userId: '@alice:x' as UserId, deviceId: 'D' };
const flows: UiaFlows = [['m.login.registration_token', 'm.login.password']];
const token = { type: 'm.login.registration_token', token: 'let me in' };
const password = { type: 'm.login.password', user: 'alice', password: 'right' };

function bench(secret = 1) {
  const clock = { ms: 0 };
  const tries: string[] = [];
  const failed: string[] = [];
  const finished = new Map<string, FinishedStage[]>();
  const auth = interactiveAuth({
    hasPassword: async (_userId, text) => text === 'right',
    localUserId: (text) => `@${text}:x` as UserId,
    isValidRegistrationToken: async (text) => text === 'let me in',
    isValidated: async () => false,
    passwordTries: {
      take: (who) => (tries.push(...who) > 6 ? 1_000 : 0),
      failed: async (who) => void failed.push(...who),
    },
    waysOf: async (asked) => asked,
    finishedIn: async (sessionId) => finished.get(sessionId) ?? [],
    secret: Buffer.alloc(32, secret),
    now: () => clock.ms,
  });
  const requestOf = (given: JsonObject | undefined, more: Partial<UiaRequest>): UiaRequest => {
    const parameters = { device: 'A' };
    const address = '192.0.2.1';
    return { operation: 'op', path: '/op', parameters, caller, auth: given, address, ...more };
  };
  const told = async (proof: Promise<Proof>) => {
    try {
      return { proof: await proof };
    } catch (error) {
      if (error instanceof UiaChallenge) return { challenge: error.body };
      throw error;
    }
  };
  const ask = (given: JsonObject | undefined, more: Partial<UiaRequest> = {}, of = flows) =>
    told(auth.prove(requestOf(given, more), of));
  const anew = (given: JsonObject) => told(auth.beginAnew(requestOf(given, {}), flows));
  const begin = async () => (await ask(token)).challenge?.session as string;
  const sessionOf = (session: string, more: Partial<UiaRequest> = {}) =>
    auth.sessionOf(requestOf({ session }, more));
  const idOf = (session: string) => sessionOf(session)?.sessionId;
  return { clock, ask, begin, anew, sessionOf, idOf, tries, failed, finished };
}

test('a flow of two stages is gone through one by one, and its proofs are handed on', async () => {
  const { ask } = bench();
  const { challenge } = await ask(token);
  expect(challenge).toMatchObject({ completed: ['m.login.registration_token'] });
  expect(challenge).not.toHaveProperty('errcode');
  const { proof } = await ask({ ...password, session: challenge!.session! });
  expect(proof).toEqual({ registrationToken: 'let me in' });
});

test('a session goes on at another server that has the same secret, and at no other', async () => {
  const session = await bench().begin();
  expect((await bench().ask({ ...password, session })).proof).toBeDefined();
  expect((await bench(2).ask({ ...password, session })).challenge).toBeDefined();
});

test('a session that was changed by a single letter is not believed', async () => {
  const { ask, begin } = bench();
  const session = await begin();
  const forged = (session.startsWith('e') ? 'f' : 'e') + session.slice(1);
  expect((await ask({ ...password, session: forged })).challenge).toBeDefined();
});

const bob = { ...caller, userId: '@bob:x' as UserId };
const laptop = { ...caller, deviceId: 'LAPTOP' };

test.each<[string, Partial<UiaRequest>, string]>([
  ['operation', { operation: 'another' }, 'alice'],
  ['path', { path: '/another' }, 'alice'],
  ['parameter', { parameters: { device: 'B' } }, 'alice'],
  ['parameter that is missing', { parameters: {} }, 'alice'],
  ['user', { caller: bob }, 'bob'],
  ['device of the user', { caller: laptop }, 'alice'],
])(
  'a session is of no use for another %s, whatever is right in the request',
  async (_what, more, user) => {
    const { ask, begin, sessionOf } = bench();
    const session = await begin();
    const { challenge } = await ask({ ...password, user, session }, more);
    expect(challenge).toMatchObject({ errcode: 'M_FORBIDDEN', completed: [] });
    expect(challenge!.session).not.toBe(session);
    expect(sessionOf(session, more)).toBeUndefined();
  },
);

test('parameters may be added to a session that began with fewer, and are bound then', async () => {
  const { ask } = bench();
  const begun = (await ask(undefined, { parameters: {} })).challenge!.session!;
  const added = await ask({ ...token, session: begun });
  expect(added.challenge).toMatchObject({ completed: ['m.login.registration_token'] });
  const changed = { parameters: { device: 'B' } };
  const session = added.challenge!.session!;
  expect((await ask({ ...password, session }, changed)).proof).toBeUndefined();
  expect((await ask({ ...password, session })).proof).toBeDefined();
});

test('a session keeps its name while it goes on, so that its end is known by it', async () => {
  const { ask, idOf } = bench();
  const first = (await ask(undefined)).challenge!.session as string;
  const second = (await ask({ ...token, session: first })).challenge!.session as string;
  expect(second).not.toBe(first);
  expect(idOf(second)).toBe(idOf(first));
  expect(idOf('forged')).toBeUndefined();
});

test('requests that go on with a session are told apart by all that they ask for, whatever they prove', async () => {
  const { ask, sessionOf } = bench();
  const session = (await ask(undefined, { parameters: {} })).challenge!.session as string;
  const requests = [{}, { device: 'A' }, { device: 'B' }, { device: 'A', erase: true }];
  const hashes = requests.map((parameters) => sessionOf(session, { parameters })!.request);
  expect(new Set(hashes).size).toBe(requests.length);
  const { request } = sessionOf(session, { address: '192.0.2.2', auth: { ...token, session } })!;
  expect(request).toBe(hashes[1]);
  expect(bench(2).sessionOf(session)).toBeUndefined();
});

test('whoever goes on with a session that is over is told so, and of another', async () => {
  const { begin, ask, anew } = bench();
  const session = await begin();
  const { challenge } = await anew({ ...password, session });
  expect(challenge).toMatchObject({ errcode: 'M_FORBIDDEN', completed: [] });
  const next = challenge!.session as string;
  expect((await ask({ ...token, session: next })).challenge).toMatchObject({
    completed: [token.type],
  });
});

test('a parameter cannot be read out of the session', async () => {
  const { ask } = bench();
  const parameters = { new_password: 'hush hush' };
  const { challenge } = await ask(undefined, { parameters });
  const seen = Buffer.from(String(challenge!.session).split('.')[0]!, 'base64url').toString();
  expect(seen).toContain('new_password');
  expect(seen).not.toContain('hush');
});

test('passwords are tried as often as user and address may, then not even the right one', async () => {
  const { ask, tries, failed } = bench();
  const guess = { ...password, password: 'wrong' };
  for (let n = 0; n < 3; n += 1) expect((await ask(guess)).challenge).toBeDefined();
  await expect(ask(password)).rejects.toMatchObject({ status: 429, errcode: 'M_LIMIT_EXCEEDED' });
  expect(tries.slice(0, 2)).toEqual(['@alice:x', '192.0.2.1']);
  expect(failed).toHaveLength(6);
});

test('a session ends after a quarter of an hour', async () => {
  const { ask, begin, clock } = bench();
  const session = await begin();
  clock.ms += 15 * 60_000;
  expect((await ask({ ...password, session })).challenge).toBeDefined();
});

test('one in which an e-mail is waited for ends after an hour', async () => {
  const withMail: UiaFlows = [['m.login.email.identity', 'm.login.password'], ['m.login.password']];
  const { ask, clock } = bench();
  const session = (await ask(undefined, {}, withMail)).challenge!.session as string;
  clock.ms += 60 * 60_000 - 1;
  expect((await ask({ ...password, session }, {}, withMail)).proof).toBeDefined();
  clock.ms += 1;
  expect((await ask({ ...password, session }, {}, withMail)).challenge).toMatchObject({
    errcode: 'M_FORBIDDEN',
  });
});

test('a request of more fields than anybody needs begins no session', async () => {
  const fields = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`field${index}`, index]));
  const { ask } = bench();
  expect((await ask(undefined, { parameters: fields(50) })).challenge).toBeDefined();
  await expect(ask(undefined, { parameters: fields(51) })).rejects.toMatchObject({
    errcode: 'M_BAD_JSON',
  });
});

test('a stage that fails keeps the session, and says why', async () => {
  const { ask, begin } = bench();
  const session = await begin();
  const { challenge } = await ask({ ...password, password: 'wrong', session });
  expect(challenge).toMatchObject({
    errcode: 'M_FORBIDDEN',
    error: 'Wrong password',
    completed: ['m.login.registration_token'],
  });
});

test('what was finished in a browser counts for its session, with what it proved, and no other', async () => {
  const { ask, finished, idOf } = bench();
  const session = (await ask(undefined)).challenge!.session as string;
  const stage = 'm.login.registration_token' as const;
  finished.set(idOf(session)!, [{ stage, proof: { registrationToken: 'let me in' } }]);
  const { challenge } = await ask({ session });
  expect(challenge).toMatchObject({ completed: [stage] });
  expect(challenge).not.toHaveProperty('errcode');
  expect((await ask({ ...password, session })).proof).toEqual({ registrationToken: 'let me in' });
  const other = (await ask(undefined)).challenge!.session as string;
  expect((await ask({ ...password, session: other })).challenge).toMatchObject({
    completed: ['m.login.password'],
  });
});

test('a session whose last stage was finished in a browser needs no more said', async () => {
  const { ask, finished, idOf } = bench();
  const session = (await ask(token)).challenge!.session as string;
  finished.set(idOf(session)!, [{ stage: 'm.login.password', proof: {} }]);
  expect((await ask({ session })).proof).toEqual({ registrationToken: 'let me in' });
});

test('a stage of no flow is refused', async () => {
  const { challenge } = await bench().ask({ type: 'm.login.dummy' });
  expect(challenge).toMatchObject({ errcode: 'M_FORBIDDEN', completed: [] });
});
