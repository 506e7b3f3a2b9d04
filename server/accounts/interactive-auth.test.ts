import { expect, test } from 'vitest';
import type { Caller } from '../protocol/caller.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { UiaChallenge, type UiaFlows, type UiaQuestion } from '../protocol/interactive-auth.ts';
import type { JsonObject } from '../protocol/json.ts';
import { interactiveAuth } from './interactive-auth.ts';

const caller: Caller = { userId: '@alice:x' as UserId, deviceId: 'D', tokenId: 1, guest: false };
const flows: UiaFlows = [['m.login.registration_token', 'm.login.password']];
const token = { type: 'm.login.registration_token', token: 'let me in' };
const password = { type: 'm.login.password', user: 'alice', password: 'right' };

function bench(secret = 1) {
  const clock = { ms: 0 };
  const interact = interactiveAuth({
    hasPassword: async (_userId, text) => text === 'right',
    localUserId: (text) => `@${text}:x` as UserId,
    isValidRegistrationToken: async (text) => text === 'let me in',
    secret: Buffer.alloc(32, secret),
    now: () => clock.ms,
  });
  const ask = async (auth: JsonObject | undefined, more: Partial<UiaQuestion> = {}) => {
    try {
      return { proof: await interact({ operation: 'op', caller, flows, auth, ...more }) };
    } catch (error) {
      if (error instanceof UiaChallenge) return { challenge: error.body };
      throw error;
    }
  };
  const begin = async () => (await ask(token)).challenge?.session as string;
  return { clock, ask, begin };
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

test('what was completed for one operation is not completed for another', async () => {
  const { ask, begin } = bench();
  const session = await begin();
  const { challenge } = await ask({ ...password, session }, { operation: 'another' });
  expect(challenge).toMatchObject({ completed: ['m.login.password'] });
});

test('what one user completed is not completed for another', async () => {
  const { ask, begin } = bench();
  const session = await begin();
  const bob = { ...caller, userId: '@bob:x' as UserId };
  const { challenge } = await ask({ ...password, user: 'bob', session }, { caller: bob });
  expect(challenge).toMatchObject({ completed: ['m.login.password'] });
});

test('a session ends after a quarter of an hour', async () => {
  const { ask, begin, clock } = bench();
  const session = await begin();
  clock.ms += 15 * 60_000;
  expect((await ask({ ...password, session })).challenge).toBeDefined();
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

test('a stage of no flow is refused', async () => {
  const { challenge } = await bench().ask({ type: 'm.login.dummy' });
  expect(challenge).toMatchObject({ errcode: 'M_FORBIDDEN', completed: [] });
});
