import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeBase64, unpaddedBase64 } from './base64.ts';
import { contentHash, contentHashMatches, eventIdOf, referenceHash } from './hashes.ts';
import { parseJson } from './parse-json.ts';
import { rulesOf } from './room-versions.ts';

describe('unpadded Base64: the examples of the appendix', () => {
  test.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('UNPADDED_BASE64("%s") = "%s"', (text, encoded) => {
    expect(unpaddedBase64(Buffer.from(text))).toBe(encoded);
    expect(decodeBase64(encoded)?.toString()).toBe(text);
    expect(decodeBase64(Buffer.from(text).toString('base64'))?.toString()).toBe(text);
  });

  test('either alphabet is read, and what is no Base64 is refused rather than skipped over', () => {
    expect(decodeBase64('-_-_')).toEqual(decodeBase64('+/+/'));
    for (const text of ['Zm9v!', 'Zm 9v', 'Z', 'Zm9vZ', 'Zg===', 'Zg=v']) {
      expect(decodeBase64(text)).toBeUndefined();
    }
  });

  test('only the bytes of the view given are written', () => {
    expect(unpaddedBase64(Buffer.from('xfoox').subarray(1, 4))).toBe('Zm9v');
  });
});

const pdu = {
  type: 'm.room.message',
  sender: '@u:domain',
  room_id: '!r:domain',
  origin_server_ts: 1,
  depth: 2,
  prev_events: ['$p'],
  auth_events: [],
  content: { body: 'text' },
  hashes: { sha256: 'h' },
  signatures: { domain: {} },
  unsigned: { age: 3 },
  origin: 'domain',
  extra: true,
};

describe('the content hash', () => {
  test('covers the complete event without unsigned, signatures and hashes', () => {
    const text =
      '{"auth_events":[],"content":{"body":"text"},"depth":2,"extra":true,"origin":"domain",' +
      '"origin_server_ts":1,"prev_events":["$p"],"room_id":"!r:domain","sender":"@u:domain",' +
      '"type":"m.room.message"}';
    expect(contentHash(pdu)).toBe(sha256(text));
  });

  test('matches with or without padding, and not after a change', () => {
    const given = contentHash(pdu);
    for (const sha of [given, `${given}=`]) {
      expect(contentHashMatches({ ...pdu, hashes: { sha256: sha } })).toBe(true);
    }
    expect(contentHashMatches({ ...pdu, hashes: { sha256: given }, depth: 3 })).toBe(false);
  });

  test.each([
    ['missing', {}],
    ['no object', { hashes: 'text' }],
    ['of another algorithm', { hashes: { sha512: 'x' } }],
    ['no text', { hashes: { sha256: 1 } }],
    ['no Base64', { hashes: { sha256: '!' } }],
  ])('one that is %s does not match', (_, hashes) => {
    const { hashes: __, ...bare } = pdu;
    expect(contentHashMatches({ ...bare, ...hashes })).toBe(false);
  });

  test('covers numbers as they stood in an old event', () => {
    const text = '{"content":{"ban":9223372036854775807,"kick":50.0},"type":"m.room.power_levels"}';
    expect(contentHash(parseJson(text) as typeof pdu)).toBe(sha256(text));
  });
});

describe('the reference hash', () => {
  const redacted = (content: string, origin: string) =>
    `{"auth_events":[],"content":${content},"depth":2,"hashes":{"sha256":"h"},${origin}` +
    '"origin_server_ts":1,"prev_events":["$p"],"room_id":"!r:domain","sender":"@u:domain",' +
    '"type":"m.room.message"}';

  test('covers the redacted event without signatures and unsigned, by the version’s redaction', () => {
    expect(referenceHash(pdu, rulesOf('4')!)).toBe(sha256(redacted('{}', '"origin":"domain",')));
    expect(referenceHash(pdu, rulesOf('11')!)).toBe(sha256(redacted('{}', '')));
  });
});

describe('the event id', () => {
  test('is given by the sender in versions 1 and 2', () => {
    for (const version of ['1', '2']) {
      expect(eventIdOf({ ...pdu, event_id: '$0:domain' }, rulesOf(version)!)).toBe('$0:domain');
    }
  });

  test('is the reference hash in Base64 in version 3, URL-safe from version 4 on', () => {
    // Chosen so that its hash has both characters in which the alphabets differ.
    const chosen = Array.from({ length: 200 }, (_, depth) => ({ ...pdu, depth })).find((event) =>
      /\+.*\/|\/.*\+/.test(referenceHash(event, rulesOf('3')!)),
    )!;
    const reference = referenceHash(chosen, rulesOf('3')!);
    expect(eventIdOf(chosen, rulesOf('3')!)).toBe(`$${reference}`);
    for (const version of ['4', '10']) {
      expect(eventIdOf(chosen, rulesOf(version)!)).toBe(
        `$${Buffer.from(reference, 'base64').toString('base64url')}`,
      );
    }
  });
});

const sha256 = (text: string): string =>
  createHash('sha256').update(text).digest('base64').replace('=', '');
