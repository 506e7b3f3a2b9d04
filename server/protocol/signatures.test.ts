import nacl from 'tweetnacl';
import { describe, expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { canonicalJson } from './canonical-json.ts';
import type { JsonObject } from './json.ts';
import { rulesOf } from './room-versions.ts';
import {
  addSignature,
  checkOf,
  keyIdsOf,
  signEvent,
  signingKeyFromSeed,
  signJson,
  verifyJson,
  verifyKeyFrom,
} from './signatures.ts';
import { verifyAside, verifyNow } from './verification.ts';

const SEED = Buffer.from('YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1', 'base64');
const KEY = signingKeyFromSeed('ed25519:1', SEED);
const VERIFY_KEY = verifyKeyFrom(KEY.publicKey)!;

describe('the test vectors of the appendix', () => {
  const signed = (object: JsonObject, signature: string) => ({
    ...object,
    signatures: { domain: { 'ed25519:1': signature } },
  });

  test.each([
    [{}, 'K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ'],
    [
      { one: 1, two: 'Two' },
      'KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw',
    ],
  ])('JSON signing: %j', (object, signature) => {
    expect(signJson(object, 'domain', KEY)).toEqual(signed(object, signature));
  });

  test('event signing: a minimally-sized event', () => {
    const event = {
      room_id: '!x:domain',
      sender: '@a:domain',
      origin: 'domain',
      origin_server_ts: 1000000,
      signatures: {},
      hashes: {},
      type: 'X',
      content: {},
      prev_events: [],
      auth_events: [],
      depth: 3,
      unsigned: { age_ts: 1000000 },
    };
    expect(signEvent(event, rulesOf('1')!, 'domain', KEY)).toEqual({
      ...signed(
        event,
        'KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg',
      ),
      hashes: { sha256: '5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos' },
    });
  });

  test('event signing: an event containing redactable content', () => {
    const event = {
      content: { body: 'Here is the message content' },
      event_id: '$0:domain',
      origin: 'domain',
      origin_server_ts: 1000000,
      type: 'm.room.message',
      room_id: '!r:domain',
      sender: '@u:domain',
      signatures: {},
      unsigned: { age_ts: 1000000 },
    };
    expect(signEvent(event, rulesOf('1')!, 'domain', KEY)).toEqual({
      ...signed(
        event,
        'Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA',
      ),
      hashes: { sha256: 'onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g' },
    });
  });
});

describe('signing', () => {
  test('keeps the signatures that are there, of others and of our other keys', () => {
    const other = signingKeyFromSeed('ed25519:2', Buffer.alloc(32, 1));
    const once = signJson({ a: 1 }, 'domain', other);
    const twice = signJson(signJson(once, 'domain', KEY), '@user:domain', KEY);
    expect(keyIdsOf(twice, 'domain')).toEqual(['ed25519:2', 'ed25519:1']);
    expect(keyIdsOf(twice, '@user:domain')).toEqual(['ed25519:1']);
    expect(verifyJson(twice, 'domain', 'ed25519:2', verifyKeyFrom(other.publicKey)!)).toBe(true);
    expect(verifyJson(twice, 'domain', 'ed25519:1', VERIFY_KEY)).toBe(true);
  });

  test('another server’s event gets our signature, and its hashes stay what they are', () => {
    const event = { type: 'm.room.member', content: { membership: 'invite' }, hashes: { x: 'y' } };
    const signed = addSignature(event, rulesOf('12')!, 'domain', KEY);
    expect(signed.hashes).toEqual({ x: 'y' });
    expect(verifyJson(signed, 'domain', 'ed25519:1', VERIFY_KEY)).toBe(true);
  });

  test('the signature of an event holds for its redacted copy, and unsigned may change', () => {
    const event = { type: 'm.room.message', sender: '@a:domain', content: { body: 'x' } };
    const signed = signEvent(event, rulesOf('12')!, 'domain', KEY);
    const redacted = { ...signed, content: {}, unsigned: { age: 1 } };
    expect(verifyJson(redacted, 'domain', 'ed25519:1', VERIFY_KEY)).toBe(true);
  });

  test('a seed has 32 bytes', () => {
    expect(() => signingKeyFromSeed('ed25519:1', Buffer.alloc(64))).toThrow(RangeError);
  });
});

describe('checking', () => {
  const signed = signJson({ a: 1 }, 'domain', KEY);

  test.each([
    ['the object was changed', { ...signed, a: 2 }, 'domain'],
    ['the entity has not signed', signed, 'elsewhere'],
    ['there are no signatures', { a: 1 }, 'domain'],
    ['signatures are no object', { a: 1, signatures: 'x' }, 'domain'],
    ['the entity’s signatures are no object', { a: 1, signatures: { domain: [] } }, 'domain'],
    ['the signature is no text', withSignature(1), 'domain'],
    ['it is no Base64', withSignature('!'.repeat(86)), 'domain'],
    ['it is too short', withSignature('AAAA'), 'domain'],
    ['the entity is a name that objects have', signed, 'constructor'],
  ])('fails if %s', (_, object, signer) => {
    expect(verifyJson(object as JsonObject, signer, 'ed25519:1', VERIFY_KEY)).toBe(false);
  });

  test('fails for another key', () => {
    const other = signingKeyFromSeed('ed25519:1', Buffer.alloc(32, 1));
    expect(verifyJson(signed, 'domain', 'ed25519:1', verifyKeyFrom(other.publicKey)!)).toBe(false);
  });

  test('padding of the signature makes no difference', () => {
    const signature = Object.values(signed.signatures as { domain: JsonObject })[0]!['ed25519:1'];
    const padded = withSignature(`${signature}==`);
    expect(verifyJson(padded, 'domain', 'ed25519:1', VERIFY_KEY)).toBe(true);
  });

  test('keys of algorithms that we do not know are left out', () => {
    const signatures = {
      domain: { 'ed25519:1': 'x', 'rsa:1': 'y', ed25519: 'z', 'ed25519:': 'z' },
    };
    expect(keyIdsOf({ signatures }, 'domain')).toEqual(['ed25519:1']);
  });

  test.each(['', 'AAAA', 'no base64!', KEY.publicKey.slice(2), `${KEY.publicKey}AAAA`])(
    'a public key has 32 bytes in Base64: %j is none',
    (text) => {
      expect(verifyKeyFrom(text)).toBeUndefined();
    },
  );

  test('a key is made once, and thousands of others do not pile up', () => {
    expect(verifyKeyFrom(KEY.publicKey)).toBe(verifyKeyFrom(KEY.publicKey));
    const before = verifyKeyFrom(KEY.publicKey);
    for (let i = 0; i < 5000; i++) {
      const bytes = Buffer.alloc(32);
      bytes.writeUInt32LE(i);
      verifyKeyFrom(bytes.toString('base64'));
    }
    expect(verifyKeyFrom(KEY.publicKey)).not.toBe(before);
  });

  function withSignature(signature: string | number): JsonObject {
    return { a: 1, signatures: { domain: { 'ed25519:1': signature } } };
  }
});

describe('many at once', () => {
  const checks = Array.from({ length: 100 }, (_, i) => {
    const signed = signJson({ i }, 'domain', KEY);
    return checkOf(i % 3 === 0 ? { ...signed, i: -1 } : signed, 'domain', 'ed25519:1', VERIFY_KEY)!;
  });
  const expected = checks.map((_, i) => i % 3 !== 0);

  test('here and aside give each check its own answer, in order', async () => {
    expect(verifyNow(checks)).toEqual(expected);
    expect(await verifyAside(checks)).toEqual(expected);
    expect(await verifyAside([])).toEqual([]);
  });

  test('the event loop goes on while signatures are checked aside', async () => {
    let turns = 0;
    let done = false;
    const count = () => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await verifyAside([...checks, ...checks]);
    done = true;
    expect(turns).toBeGreaterThan(10);
  });
});

describe('tweetnacl as the independent oracle', () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const objects = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.boolean()));

  test('keys and signatures are the same, byte for byte', () => {
    fc.assert(
      fc.property(seeds, objects, (seed, object) => {
        const pair = nacl.sign.keyPair.fromSeed(seed);
        const key = signingKeyFromSeed('ed25519:x', seed);
        expect(Buffer.from(key.publicKey, 'base64')).toEqual(Buffer.from(pair.publicKey));
        const text = Buffer.from(canonicalJson(object));
        const signature = Buffer.from(nacl.sign.detached(text, pair.secretKey)).toString('base64');
        expect(signJson(object, 's', key).signatures).toEqual({
          s: { 'ed25519:x': signature.replace(/=+$/, '') },
        });
      }),
      { numRuns: 30 },
    );
  });

  test('a signature with any one bit changed is refused by both', () => {
    const pair = nacl.sign.keyPair.fromSeed(SEED);
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const signature = Buffer.from(nacl.sign.detached(Buffer.from('{"a":1}'), pair.secretKey));
        signature[bit >> 3]! ^= 1 << (bit & 7);
        const object = {
          a: 1,
          signatures: { s: { 'ed25519:x': signature.toString('base64') } },
        };
        expect(verifyJson(object, 's', 'ed25519:x', VERIFY_KEY)).toBe(false);
        expect(nacl.sign.detached.verify(Buffer.from('{"a":1}'), signature, pair.publicKey)).toBe(
          false,
        );
      }),
      { numRuns: 30 },
    );
  });
});
