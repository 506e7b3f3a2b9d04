import { randomBytes } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { freshDatabase } from '../../../test/support/postgres.ts';
import { startWriter } from '../../../test/support/writer.ts';
import { onBehalfOf } from '../../log/on-behalf.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { KEYS_MAX, publishedKeys } from '../../protocol/server-keys.ts';
import { signJson } from '../../protocol/signatures.ts';
import { type KeyId, type SigningKey, signingKeyFromSeed } from '../../protocol/signing-keys.ts';
import { ServerUnreachable } from '../federation-client.ts';
import { type KeyOptions, type RemoteKeyPorts, RemoteKeys } from './remote-keys.ts';

const PEER = 'peer.org' as ServerName;
const DAY = 24 * 3_600_000;
const keyOf = (n: number): SigningKey => signingKeyFromSeed(`ed25519:k${n}`, Buffer.alloc(32, n));
const [first, second] = [keyOf(1), keyOf(2)];

type Says = (server: ServerName) => JsonValue | Error | Promise<JsonValue>;

async function world(says: Says, options: KeyOptions = {}) {
  const fresh = await freshDatabase();
  const writer = await startWriter(fresh.url);
  const clock = { ms: 1_000_000_000 };
  let [asked, lookUps] = [0, 0];
  const database: typeof fresh.database = {
    ...fresh.database,
    query(...parameters) {
      lookUps += 1;
      return fresh.database.query(...parameters);
    },
  };
  const ports: RemoteKeyPorts = {
    stored: { lookUps: database, log: writer, now: () => clock.ms },
    client: {
      async ask(server) {
        asked += 1;
        const said = await says(server);
        if (said instanceof Error) throw said;
        return said;
      },
    },
  };
  const open = () => new RemoteKeys(ports, options);
  return {
    ...{ clock, open, keys: open() },
    get asked() {
      return asked;
    },
    get lookUps() {
      return lookUps;
    },
    /** Under which keys something is stored, and how long it is. */
    stored: () =>
      fresh.database.query<{ key_id: string; letters: number }>(
        'stored',
        'SELECT key_id, length(json) AS letters FROM server_key ORDER BY key_id',
      ),
    query: fresh.database.query,
    async [Symbol.asyncDispose]() {
      await writer.close();
      await fresh[Symbol.asyncDispose]();
    },
  };
}

test('a key is fetched once, kept with the data, and known to the next writer', async () => {
  await using at = await world(() =>
    publishedKeys(PEER, { current: first, old: [] }, at.clock.ms + DAY),
  );
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
  expect(await at.open().forRequest(PEER, first.keyId)).toBeDefined();
  expect(at.asked).toBe(1);
});

test('past its validity a key signs nothing until the server has said it again', async () => {
  let untilMs = 0;
  await using at = await world(() => publishedKeys(PEER, { current: first, old: [] }, untilMs));
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
  await using at = await world(() => publishedKeys(PEER, { current: key, old: [] }, 9e15));
  await at.keys.forRequest(PEER, first.keyId);
  key = second;
  at.clock.ms += 7 * DAY;
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
  at.clock.ms += 1;
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeUndefined();
  expect(await at.open().forRequest(PEER, first.keyId)).toBeUndefined();
});

test('a server is not asked more than once a minute, whatever keys strangers name', async () => {
  await using at = await world(() =>
    publishedKeys(PEER, { current: first, old: [] }, at.clock.ms + DAY),
  );
  await at.keys.forRequest(PEER, first.keyId);
  for (const n of [3, 4, 5]) expect(await at.keys.forRequest(PEER, keyOf(n).keyId)).toBeUndefined();
  expect(at.asked).toBe(1);
});

test.each([
  ['without', 10],
  ['provided', 30],
])(
  'of thirty servers at the ports of one host, %s that all are trusted, %i are asked for their keys',
  async (trusted, count) => {
    const says = (server: ServerName) =>
      publishedKeys(server, { current: first, old: [] }, at.clock.ms + DAY);
    await using at = await world(says, { isTrusting: trusted === 'provided' });
    for (let port = 1; port <= 30; port += 1)
      await at.keys.forRequest(`host.org:${port}` as ServerName, first.keyId);
    expect(at.asked).toBe(count);
  },
);

test('a key that was put away signs nothing any more, but stays for what it signed before', async () => {
  let says: () => JsonObject;
  await using at = await world(() => says());
  says = () => publishedKeys(PEER, { current: first, old: [] }, at.clock.ms + DAY);
  await at.keys.forRequest(PEER, first.keyId);
  const old = { [first.keyId]: { key: first.publicKey, expired_ts: at.clock.ms } };
  says = () => {
    const { signatures: _own, ...said } = publishedKeys(
      PEER,
      { current: second, old: [] },
      at.clock.ms + DAY,
    );
    return signJson({ ...said, old_verify_keys: old }, PEER, second);
  };
  at.clock.ms += 60_001;
  expect(await at.keys.forRequest(PEER, second.keyId)).toBeDefined();
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeUndefined();
  const told = await at.keys.responsesOf(PEER, { keyIds: [], validUntilTs: 0 });
  expect(told[0]?.old_verify_keys).toEqual(old);
});

test('a key that was put away signs nothing any more, also where what was said before is kept for another', async () => {
  let says: JsonValue = {};
  await using at = await world(() => says);
  says = publishing(PEER, [first, keyOf(9)], at.clock.ms + 2 * DAY);
  await at.keys.forRequest(PEER, first.keyId);
  const { signatures: _own, ...said } = publishing(PEER, [second], at.clock.ms + 2 * DAY);
  const old = { [first.keyId]: { key: first.publicKey, expired_ts: at.clock.ms } };
  says = signJson({ ...said, old_verify_keys: old }, PEER, second);
  at.clock.ms += 60_001;
  expect(await at.keys.forRequest(PEER, second.keyId)).toBeDefined();
  for (const keys of [at.keys, at.open()]) {
    expect(await keys.forRequest(PEER, first.keyId)).toBeUndefined();
    expect(await keys.responsesOf(PEER, { keyIds: [], validUntilTs: 0 })).toHaveLength(2);
  }
});

test('what a server says is stored once, however many keys it names, and goes when newer words cover it', async () => {
  let says: JsonValue = {};
  await using at = await world(() => says);
  const say = async (...keys: SigningKey[]) => {
    at.clock.ms += 60_001;
    says = publishing(PEER, keys, at.clock.ms + DAY);
    await at.open().forRequest(PEER, keyOf(50).keyId);
    return (await at.stored()).map(({ key_id }) => key_id);
  };
  const of = (...numbers: number[]) => numbers.map((n) => keyOf(n).keyId);
  expect(await say(...[1, 2, 3].map(keyOf))).toEqual(of(1));
  expect(await say(...[1, 2].map(keyOf))).toEqual(of(1, 3));
  expect(await say(...[3, 4].map(keyOf))).toEqual(of(1, 3));
  expect(await say(...[1, 2, 3, 4].map(keyOf))).toEqual(of(1));
});

test('what an earlier release has stored under each key is stored once from the next word on', async () => {
  let says: JsonValue = {};
  await using at = await world(() => says);
  says = publishing(PEER, [first, second], at.clock.ms + DAY);
  await at.keys.forRequest(PEER, first.keyId);
  await at.query(
    'as before',
    `INSERT INTO server_key SELECT server_name, $1, json, valid_until_ms, fetched_ms FROM server_key`,
    [second.keyId],
  );
  at.clock.ms += DAY + 1;
  says = publishing(PEER, [first], at.clock.ms + DAY);
  const next = at.open();
  expect(await next.forRequest(PEER, first.keyId)).toBeDefined();
  expect((await at.stored()).map(({ key_id }) => key_id)).toEqual([first.keyId, second.keyId]);
  expect(await at.open().responsesOf(PEER, { keyIds: [], validUntilTs: 0 })).toHaveLength(2);
});

test('the newest word is the one that is stored, also of two in one moment', async () => {
  let says: JsonValue = {};
  await using at = await world(() => says);
  const untilTs = async () => {
    const [said] = await at.open().responsesOf(PEER, { keyIds: [], validUntilTs: 0 });
    return said!.valid_until_ts;
  };
  for (const untilMs of [at.clock.ms + DAY, at.clock.ms + 2 * DAY]) {
    says = publishing(PEER, [first], untilMs);
    await at.open().forRequest(PEER, second.keyId);
    expect(await untilTs()).toBe(untilMs);
  }
});

test('whoever makes up new keys all the time leaves no more behind than a few', async () => {
  let n = 0;
  await using at = await world(() => publishing(PEER, [keyOf(n)], at.clock.ms + DAY));
  for (n = 10; n < 30; n += 1) {
    at.clock.ms += 60_001;
    expect(await at.keys.forRequest(PEER, keyOf(n).keyId)).toBeDefined();
  }
  expect(await at.stored()).toHaveLength(8);
  expect(await at.open().forRequest(PEER, keyOf(29).keyId)).toBeDefined();
  expect(await at.keys.responsesOf(PEER, { keyIds: [], validUntilTs: 0 })).toHaveLength(8);
});

test('the name of a key that is longer than an index takes is passed over', async () => {
  const long = `ed25519:${randomBytes(3_000).toString('hex')}` as KeyId;
  await using at = await world(() => {
    const { signatures: _own, ...said } = publishing(PEER, [first], at.clock.ms + DAY);
    const keys = { [long]: { key: second.publicKey }, ...(said.verify_keys as JsonObject) };
    return signJson({ ...said, verify_keys: keys }, PEER, first);
  });
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
  expect((await at.stored()).map(({ key_id }) => key_id)).toEqual([first.keyId]);
});

test('servers are remembered by the length of what they say, those asked for last', async () => {
  const names = Array.from({ length: 20 }, (_, n) => `s${n}.org` as ServerName);
  const says = (server: ServerName) => {
    const { signatures: _own, ...said } = publishing(server, [first], at.clock.ms + DAY);
    return signJson({ ...said, filler: 'x'.repeat(5_000) }, server, first);
  };
  await using at = await world(says, { rememberedBytesMax: 100_000 });
  for (const name of names) await at.keys.forRequest(name, first.keyId);
  const before = at.lookUps;
  for (const name of names.slice(-5)) await at.keys.forRequest(name, first.keyId);
  expect(at.lookUps - before).toBe(0);
  for (const name of names.slice(0, 5)) await at.keys.forRequest(name, first.keyId);
  expect(at.lookUps - before).toBe(5);
});

test('strangers that let us wait take no place of a server that is known', async () => {
  await using at = await world((server) =>
    server === PEER ? publishing(PEER, [first], at.clock.ms + DAY) : NEVER,
  );
  await at.keys.forRequest(PEER, first.keyId);
  at.clock.ms += 2 * DAY;
  await crowd(at, (server) => at.keys.forRequest(server, first.keyId));
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
});

test('whose keys others would know from us take no place of those that prove themselves', async () => {
  const wanted = { keyIds: [], validUntilTs: 0 };
  await using at = await world((server) =>
    server === PEER ? publishing(PEER, [first], at.clock.ms + DAY) : NEVER,
  );
  const { refused } = await crowd(at, (server) => at.keys.responsesOf(server, wanted));
  expect(refused).toBeGreaterThan(150);
  expect(await at.keys.forRequest(PEER, first.keyId)).toBeDefined();
});

test('one address takes no more places than its part, and gives them back', async () => {
  let isOver = false;
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => {});
  await using at = await world((server) =>
    server === PEER || isOver ? publishing(server, [first], at.clock.ms + DAY) : over.promise,
  );
  const prove = (server: ServerName) => at.keys.forRequest(server, first.keyId);
  const { refused, ended } = await crowd(at, prove, () => 'one address');
  expect(refused).toBeGreaterThan(150);
  expect(await onBehalfOf('another', () => prove(PEER))).toBeDefined();
  isOver = true;
  over.reject(new ServerUnreachable('over'));
  await ended();
  expect(await onBehalfOf('one address', () => prove('after.org' as ServerName))).toBeDefined();
});

test('of a server that is gone the last word is told on, and nothing of one that never spoke', async () => {
  let isGone = false;
  await using at = await world(() =>
    isGone
      ? new ServerUnreachable('gone')
      : publishedKeys(PEER, { current: first, old: [] }, at.clock.ms + DAY),
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
  [
    'of more keys than anybody needs',
    () =>
      publishing(
        PEER,
        Array.from({ length: KEYS_MAX + 1 }, (_, n) => keyOf(n)),
        9e15,
      ),
  ],
])('what is %s is not taken for a server’s keys', async (_what, spoiled) => {
  await using at = await world(() =>
    spoiled(publishedKeys(PEER, { current: first, old: [] }, at.clock.ms + DAY)),
  );
  await expect(at.keys.forRequest(PEER, first.keyId)).rejects.toThrow('is not to be used');
  expect(await at.open().responsesOf(PEER, { keyIds: [], validUntilTs: 0 })).toEqual([]);
});

const NEVER = new Promise<never>(() => {});

/** As `publishedKeys`, of several keys; the first one signs. */
function publishing(server: ServerName, keys: readonly SigningKey[], untilMs: number): JsonObject {
  const named = keys.map(({ keyId, publicKey }) => [keyId, { key: publicKey }] as const);
  const said = { server_name: server, verify_keys: Object.fromEntries(named) };
  return signJson({ ...said, old_verify_keys: {}, valid_until_ts: untilMs }, server, keys[0]!);
}

/** Two hundred servers at once, until each is being asked or was refused. */
async function crowd(
  at: { readonly asked: number },
  ask: (server: ServerName) => Promise<unknown>,
  behalf: (n: number) => string = (n) => `address ${n}`,
) {
  const before = at.asked;
  let refused = 0;
  const all = Array.from({ length: 200 }, (_, n) =>
    onBehalfOf(behalf(n), () => ask(`t${n}.org` as ServerName)).catch(() => {
      refused += 1;
    }),
  );
  await vi.waitFor(() => expect(at.asked - before + refused).toBe(200));
  return { refused, ended: () => Promise.all(all) };
}
