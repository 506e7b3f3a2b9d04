import { expect, test } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { startWriter } from '../../../test/support/writer.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { publishedKeys } from '../../protocol/server-keys.ts';
import { signJson } from '../../protocol/signatures.ts';
import { type SigningKey, signingKeyFromSeed } from '../../protocol/signing-keys.ts';
import { ServerUnreachable } from '../federation-client.ts';
import { RemoteKeys } from './remote-keys.ts';

const PEER = 'peer.org' as ServerName;
const DAY = 24 * 3_600_000;
const keyOf = (n: number): SigningKey => signingKeyFromSeed(`ed25519:k${n}`, Buffer.alloc(32, n));
const [first, second] = [keyOf(1), keyOf(2)];

async function world(says: () => JsonValue | Error) {
  const fresh = await freshDatabase();
  const writer = await startWriter(fresh.url);
  const clock = { ms: 1_000_000_000 };
  let asked = 0;
  const open = () =>
    new RemoteKeys({
      stored: { lookUps: fresh.database, log: writer, now: () => clock.ms },
      client: {
        async ask() {
          asked += 1;
          const said = says();
          if (said instanceof Error) throw said;
          return said;
        },
      },
    });
  return {
    ...{ clock, open, keys: open() },
    get asked() {
      return asked;
    },
    async [Symbol.asyncDispose]() {
      await writer.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

test('a key is fetched once, kept with the data, and known to the next writer', async () => {
  await using at = await world(() => publishedKeys(PEER, first, at.clock.ms + DAY));
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
  expect(await at.open().forRequest(PEER, first.keyId)).toBeDefined();
  expect(at.asked).toBe(1);
});

test('past its validity a key signs nothing until the server has said it again', async () => {
  let untilMs = 0;
  await using at = await world(() => publishedKeys(PEER, first, untilMs));
  untilMs = at.clock.ms + DAY;
  await at.keys.forRequest(PEER, first.keyId);
  at.clock.ms += DAY + 1;
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeUndefined();
  at.clock.ms += 60_001;
  untilMs = at.clock.ms + DAY;
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
  expect(at.asked).toBe(3);
});

test('a key that claims to hold for ever holds for a week', async () => {
  let key = first;
  await using at = await world(() => publishedKeys(PEER, key, 9e15));
  await at.keys.forRequest(PEER, first.keyId);
  key = second;
  at.clock.ms += 7 * DAY;
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
  at.clock.ms += 1;
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeUndefined();
  expect(await at.open().forRequest(PEER, first.keyId)).toBeUndefined();
});

test('a server is not asked more than once a minute, whatever keys strangers name', async () => {
  await using at = await world(() => publishedKeys(PEER, first, at.clock.ms + DAY));
  await at.keys.forRequest(PEER, first.keyId);
  for (const n of [3, 4, 5]) expect(await at.keys.forRequest(PEER, keyOf(n).keyId)).toBeUndefined();
  expect(at.asked).toBe(1);
});

test('a key that was put away signs nothing any more, but stays for what it signed before', async () => {
  let says: () => JsonObject;
  await using at = await world(() => says());
  says = () => publishedKeys(PEER, first, at.clock.ms + DAY);
  await at.keys.forRequest(PEER, first.keyId);
  const old = { [first.keyId]: { key: first.publicKey, expired_ts: at.clock.ms } };
  says = () => {
    const { signatures: _own, ...said } = publishedKeys(PEER, second, at.clock.ms + DAY);
    return signJson({ ...said, old_verify_keys: old }, PEER, second);
  };
  at.clock.ms += 60_001;
  expect(await at.keys.forRequest(PEER, second.keyId)).toBeDefined();
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeUndefined();
  const told = await at.keys.responsesOf(PEER, { keyIds: [], validUntilTs: 0 });
  expect(told[0]?.old_verify_keys).toEqual(old);
});

test('of a server that is gone the last word is told on, and nothing of one that never spoke', async () => {
  let isGone = false;
  await using at = await world(() =>
    isGone ? new ServerUnreachable('gone') : publishedKeys(PEER, first, at.clock.ms + DAY),
  );
  await at.keys.forRequest(PEER, first.keyId);
  isGone = true;
  at.clock.ms += 2 * DAY;
  const wanted = { keyIds: [], validUntilTs: at.clock.ms };
  expect(await at.keys.responsesOf(PEER, wanted)).toHaveLength(1);
  expect(await at.keys.responsesOf('never.org' as ServerName, wanted)).toEqual([]);
});

test.each<[string, (good: JsonObject) => JsonValue]>([
  ['of another server', (good) => ({ ...good, server_name: 'other.org' })],
  ['changed since it was signed', (good) => ({ ...good, valid_until_ts: 9e15 })],
  ['without a signature', ({ signatures: _none, ...good }) => good],
  [
    'signed by a key that it does not publish',
    (good) => signJson({ ...good, signatures: {} }, PEER, second),
  ],
  ['no object', () => []],
])('what is %s is not taken for a server’s keys', async (_what, spoiled) => {
  await using at = await world(() => spoiled(publishedKeys(PEER, first, at.clock.ms + DAY)));
  await expect(at.keys.forRequest(PEER, first.keyId)).rejects.toThrow('is not to be used');
  expect(await at.open().responsesOf(PEER, { keyIds: [], validUntilTs: 0 })).toEqual([]);
});
