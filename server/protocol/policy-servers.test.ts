import { expect, test } from 'vitest';
import { keyOf } from '../../test/support/foreign-server.ts';
import type { Event } from './event.ts';
import type { ServerName } from './identifiers.ts';
import type { JsonObject } from './json.ts';
import {
  areRecommended,
  isForPolicyServer,
  policyServerIn,
  withRecommendation,
} from './policy-servers.ts';
import { rulesOf } from './room-versions.ts';
import { addSignature, signingKeyFromSeed } from './signatures.ts';

const server = 'policy.example' as ServerName;
const key = signingKeyFromSeed('ed25519:policy_server', Buffer.alloc(32, 5));
const rules = rulesOf('12')!;
const content = { via: server, public_keys: { ed25519: key.publicKey } };

test.each([
  ['no server', { public_keys: content.public_keys }],
  ['a name that is none', { ...content, via: 'a b' }],
  ['a server that is no string', { ...content, via: [server] }],
  ['no keys', { via: server }],
  ['a list of keys', { via: server, public_keys: [key.publicKey] }],
  ['keys of other algorithms', { via: server, public_keys: { x: key.publicKey } }],
  ['a key that is none', { via: server, public_keys: { ed25519: 'AAAA' } }],
  ['nothing', {}],
])('a room that says %s has no policy server', (_, said) => {
  expect(policyServerIn(said as JsonObject)).toBeUndefined();
});

test('who it is a room says in its state, and of that event it is not asked', () => {
  expect(policyServerIn(content)?.server).toBe(server);
  expect(isForPolicyServer({ type: 'm.room.policy', stateKey: '' })).toBe(false);
  expect(isForPolicyServer({ type: 'm.room.policy', stateKey: 'other' })).toBe(true);
  expect(isForPolicyServer({ type: 'm.room.policy' })).toBe(true);
  expect(isForPolicyServer({ type: 'm.room.member', stateKey: '@a:b' })).toBe(true);
});

test('recommended is what is signed by the key of the room under its one name', async () => {
  const policy = policyServerIn(content)!;
  const signedBy = (name: string, by = key) =>
    addSignature(PDU, rules, name, by).signatures as JsonObject;
  const answers: [string, JsonObject, boolean][] = [
    ['its signature', signedBy(server), true],
    ['nothing', {}, false],
    ['that of another server', signedBy('other.example'), false],
    ['that of its own key as a server', signedBy(server, keyOf(server)), false],
    [
      'one by another key of this name',
      signedBy(server, { ...keyOf(server), keyId: key.keyId }),
      false,
    ],
    ['no Base64', { [server]: { [key.keyId]: '!' } }, false],
  ];
  for (const [what, answer, isGood] of answers) {
    const pdu = withRecommendation(PDU, policy, answer);
    expect([what, ...(await areRecommended([{ pdu } as Event], rules, policy))]).toEqual([
      what,
      isGood,
    ]);
  }
});

test('what a server has signed that is both stays beside what it signed as policy server', () => {
  const policy = policyServerIn(content)!;
  const own = addSignature(PDU, rules, server, keyOf(server));
  const answer = addSignature(PDU, rules, server, key).signatures!;
  const { signatures } = withRecommendation(own, policy, answer);
  expect(Object.keys((signatures as JsonObject)[server] as JsonObject).sort()).toEqual([
    'ed25519:name',
    'ed25519:policy_server',
  ]);
});

const PDU: JsonObject = {
  ...{ type: 'm.room.message', sender: '@a:example.org', room_id: '!r', depth: 3 },
  ...{ content: { body: 'x' }, auth_events: [], prev_events: [], origin_server_ts: 1 },
};
