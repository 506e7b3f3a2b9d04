import { describe, expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import {
  hasUserIdForm,
  hostAndPort,
  isCompliantUserId,
  localpartOf,
  newUserId,
  type Parsed,
  parseEventId,
  parseGivenEventId,
  parseRoomAlias,
  parseRoomId,
  parseServerName,
  parseUserId,
  type ServerName,
  serverNameOf,
  serverNameOfEventId,
} from './identifiers.ts';

const HASH = 'Nhcu5BS-UMnFX7hBVfVSoXiD7OgH6iRT-xyIuqDnpYQ';

describe('server names', () => {
  test.each([
    ['matrix.org', 'matrix.org', undefined],
    ['matrix.org:8888', 'matrix.org', 8888],
    ['1.2.3.4', '1.2.3.4', undefined],
    ['1.2.3.4:1234', '1.2.3.4', 1234],
    ['[1234:5678::abcd]', '[1234:5678::abcd]', undefined],
    ['[1234:5678::abcd]:5678', '[1234:5678::abcd]', 5678],
    ['[::ffff:192.0.2.1]:1', '[::ffff:192.0.2.1]', 1],
    ['MATRIX.org', 'MATRIX.org', undefined],
    ['localhost', 'localhost', undefined],
  ])('%s is valid', (name, host, port) => {
    expect(hostAndPort(valid(parseServerName(name)))).toEqual({ host, port });
  });

  test.each([
    ['empty', ''],
    ['a space', 'matrix org'],
    ['an underscore', 'my_server'],
    ['a port without digits', 'matrix.org:'],
    ['a port of six digits', 'matrix.org:123456'],
    ['two ports', 'matrix.org:1:2'],
    ['a host that is only a port', ':8448'],
    ['IPv6 without brackets', '1234:5678::abcd'],
    ['IPv6 with two gaps', '[1::2::3]'],
    ['IPv6 with a zone', '[fe80::1%eth0]'],
    ['an open bracket', '[::1'],
    ['IPv4 out of its range', '1.2.3.256'],
    ['IPv4 with four digits', '1.2.3.0255'],
    ['a trailing new line', 'matrix.org\n'],
    ['a name beyond ASCII', 'mätrix.org'],
  ])('%s is refused', (_, name) => {
    expect(parseServerName(name).ok).toBe(false);
  });
});

describe('user ids', () => {
  test.each([
    '@alice:example.org',
    '@alice:example.org:8448',
    '@alice:[::1]:8448',
    '@a.b_c=d-e/f+g:1.2.3.4',
  ])('%s is valid and compliant', (text) => {
    expect(isCompliantUserId(valid(parseUserId(text)))).toBe(true);
  });

  test.each([
    ['the empty localpart', '@:example.org', false],
    ['control characters and spaces', '@a\tb c:example.org', false],
    ['any Unicode', '@ünï😀:example.org', false],
    ['upper case', '@Alice:example.org', true],
    ['any printable ASCII', '@!"#$%&*<>?@[]^`{|}~:example.org', true],
  ])('a historical one may have %s', (_, text, compliant) => {
    expect(isCompliantUserId(valid(parseUserId(text)))).toBe(compliant);
  });

  test.each([
    ['no sigil', 'alice:example.org'],
    ['no server name', '@alice'],
    ['an empty server name', '@alice:'],
    ['no more than a sigil', '@'],
    ['a bad server name', '@alice:exa mple.org'],
    ['U+0000', '@al\0ice:example.org'],
    ['a lone surrogate', '@al\ud800ice:example.org'],
  ])('one with %s is refused', (_, text) => {
    expect(parseUserId(text).ok).toBe(false);
  });

  test('the length is at most 255 bytes, sigil and server name included', () => {
    const domain = ':example.org';
    const ascii = 'a'.repeat(255 - 1 - domain.length);
    expect(parseUserId(`@${ascii}${domain}`).ok).toBe(true);
    expect(parseUserId(`@${ascii}a${domain}`).ok).toBe(false);
    const wide = 'ü'.repeat((255 - 1 - domain.length) / 2);
    expect(parseUserId(`@${wide}${domain}`).ok).toBe(true);
    expect(parseUserId(`@${wide}ü${domain}`)).toEqual({
      ok: false,
      reason: 'a user id has at most 255 bytes',
    });
  });

  test('the server name is all behind the first colon', () => {
    const id = valid(parseUserId('@alice:[2001:db8::1]:8448'));
    expect(serverNameOf(id)).toBe('[2001:db8::1]:8448');
    expect(localpartOf(id)).toBe('alice');
  });

  test('a new one has the grammar of today, whatever history holds', () => {
    const server = 'example.org' as ServerName;
    expect(valid(newUserId('a.b_c=d-e/f+0', server))).toBe('@a.b_c=d-e/f+0:example.org');
    for (const localpart of ['', 'Alice', 'ü', 'a b', 'a:b', 'a\n']) {
      expect(newUserId(localpart, server).ok).toBe(false);
    }
    expect(newUserId('a'.repeat(250), server).ok).toBe(false);
  });

  test('the form that peers ask of keys in power levels is weaker', () => {
    expect(hasUserIdForm('@a:b_c')).toBe(true);
    expect(hasUserIdForm('@a')).toBe(false);
    expect(hasUserIdForm('a:b')).toBe(false);
  });
});

describe('room ids', () => {
  test.each(['!opaque:example.org', '!:example.org', '!ünï\tcode:example.org:8448', `!${HASH}`])(
    '%s is valid',
    (text) => {
      expect(valid(parseRoomId(text))).toBe(text);
    },
  );

  test.each([
    ['a hash that is too short', `!${HASH.slice(1)}`],
    ['a hash that is too long', `!${HASH}A`],
    ['a hash in the other alphabet', `!${HASH.replaceAll('-', '+')}`],
    ['another sigil', `#${HASH}`],
    ['U+0000', '!a\0b:example.org'],
    ['more than 255 bytes', `!${'a'.repeat(255)}:example.org`],
  ])('%s is refused', (_, text) => {
    expect(parseRoomId(text).ok).toBe(false);
  });
});

describe('room aliases', () => {
  test('the localpart may be any Unicode but : and U+0000', () => {
    const alias = valid(parseRoomAlias('#日本 語:example.org'));
    expect([localpartOf(alias), serverNameOf(alias)]).toEqual(['日本 語', 'example.org']);
    for (const text of ['#a', 'a:example.org', '#a\0:example.org', '#a:b:c:d', '#\udc00:b']) {
      expect(parseRoomAlias(text).ok).toBe(false);
    }
  });
});

describe('event ids', () => {
  test.each([
    `$${HASH}`,
    '$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7XcJk',
    '$opaque:example.org',
    '$anything',
  ])('%s is taken as it is', (text) => {
    expect(valid(parseEventId(text))).toBe(text);
  });

  test('those of versions 1 and 2 have a server name, the others none', () => {
    expect(serverNameOfEventId(valid(parseGivenEventId('$a:b.c:1')))).toBe('b.c:1');
    expect(serverNameOfEventId(valid(parseEventId(`$${HASH}`)))).toBeUndefined();
    expect(parseGivenEventId(`$${HASH}`).ok).toBe(false);
    expect(parseGivenEventId('$a:b c').ok).toBe(false);
  });

  test.each(['', '$', 'a', `$${'a'.repeat(255)}`, '$\0', '$\ud800'])('%j is refused', (text) => {
    expect(parseEventId(text).ok).toBe(false);
  });
});

test('no text crashes a parser, and what is parsed is the text itself', () => {
  const parts = fc.constantFrom('@', '!', '#', '$', ':', '[', ']', '.', '::', '1', 'a', '\0', '%');
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(parts).map((all) => all.join('')),
  );
  const parsers = [
    parseUserId,
    parseRoomId,
    parseRoomAlias,
    parseEventId,
    parseGivenEventId,
    parseServerName,
  ];
  fc.assert(
    fc.property(text, (given) => {
      for (const parse of parsers) {
        const parsed: Parsed<string> = parse(given);
        if (parsed.ok) expect(parsed.value).toBe(given);
        else expect(parsed.reason).not.toBe('');
      }
    }),
  );
});

const valid = <T>(parsed: Parsed<T>): T => {
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
};
