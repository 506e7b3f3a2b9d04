import { describe, expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { canonicalJson } from './canonical-json.ts';
import { eventIdOf } from './hashes.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { redact } from './redaction.ts';
import { roomVersions, rulesOf } from './room-versions.ts';

const EVERY_KEY: JsonObject = Object.fromEntries(
  [
    ...['event_id', 'type', 'room_id', 'sender', 'state_key', 'hashes', 'signatures', 'depth'],
    ...['prev_events', 'prev_state', 'auth_events', 'origin', 'origin_server_ts', 'membership'],
    ...['unsigned', 'redacts', 'age_ts', 'msgtype', '__proto__x', 'constructor'],
  ].map((key) => [key, key === 'type' ? 'm.room.message' : `the ${key}`]),
);

const ALWAYS_KEPT = [
  ...['auth_events', 'content', 'depth', 'event_id', 'hashes', 'origin_server_ts', 'prev_events'],
  ...['room_id', 'sender', 'signatures', 'state_key', 'type'],
];

describe('at the top level', () => {
  test.each(roomVersions().slice(0, 10))(
    'version %s also keeps membership, origin and prev_state',
    (version) => {
      expect(keysKept(version, EVERY_KEY)).toEqual(
        [...ALWAYS_KEPT, 'membership', 'origin', 'prev_state'].sort(),
      );
    },
  );

  test.each(['11', '12'])(
    'version %s no longer keeps membership, origin, prev_state',
    (version) => {
      expect(keysKept(version, EVERY_KEY)).toEqual(ALWAYS_KEPT);
    },
  );

  test('what is kept is unchanged, and what is missing stays missing', () => {
    const pdu = { type: 'X', sender: '@a:b', content: { a: 1 }, hashes: { sha256: 'x' } };
    expect(redactIn('12', pdu)).toEqual({
      type: 'X',
      sender: '@a:b',
      content: {},
      hashes: { sha256: 'x' },
    });
  });
});

describe('in the content', () => {
  const CONTENT: JsonObject = Object.fromEntries(
    [
      ...['membership', 'join_authorised_via_users_server', 'displayname', 'creator', 'type'],
      ...['room_version', 'additional_creators', 'join_rule', 'allow', 'ban', 'events', 'kick'],
      ...['events_default', 'redact', 'state_default', 'users', 'users_default', 'invite', 'body'],
      ...['notifications', 'aliases', 'history_visibility', 'redacts', 'reason', 'm.relates_to'],
    ].map((key) => [key, `the ${key}`]),
  );
  const POWER_LEVELS = [
    ...['ban', 'events', 'events_default', 'kick', 'redact', 'state_default', 'users'],
    'users_default',
  ];
  const MEMBER_V9 = ['join_authorised_via_users_server', 'membership'];
  const versions = (first: number, last: number) => roomVersions().slice(first - 1, last);

  test.each([
    ['m.room.member', versions(1, 8), ['membership']],
    ['m.room.member', versions(9, 12), MEMBER_V9],
    ['m.room.create', versions(1, 10), ['creator']],
    ['m.room.create', versions(11, 12), Object.keys(CONTENT)],
    ['m.room.join_rules', versions(1, 7), ['join_rule']],
    ['m.room.join_rules', versions(8, 12), ['allow', 'join_rule']],
    ['m.room.power_levels', versions(1, 10), POWER_LEVELS],
    ['m.room.power_levels', versions(11, 12), [...POWER_LEVELS, 'invite']],
    ['m.room.aliases', versions(1, 5), ['aliases']],
    ['m.room.aliases', versions(6, 12), []],
    ['m.room.history_visibility', versions(1, 12), ['history_visibility']],
    ['m.room.redaction', versions(1, 10), []],
    ['m.room.redaction', versions(11, 12), ['redacts']],
    ['m.room.message', versions(1, 12), []],
    ['constructor', versions(1, 12), []],
  ])('%s in versions %s keeps %s', (type, among, keys) => {
    for (const version of among) {
      expect(contentKept(version, type, CONTENT)).toEqual(pickFrom(CONTENT, keys));
    }
  });

  test('from version 11 on a member event keeps third_party_invite, of which only signed', () => {
    const content = {
      membership: 'invite',
      third_party_invite: { signed: { token: 't' }, display_name: 'x' },
    };
    for (const version of versions(11, 12)) {
      expect(contentKept(version, 'm.room.member', content)).toEqual({
        membership: 'invite',
        third_party_invite: { signed: { token: 't' } },
      });
    }
    for (const version of versions(1, 10)) {
      expect(contentKept(version, 'm.room.member', content)).toEqual({ membership: 'invite' });
    }
  });

  test.each([
    [{ display_name: 'x' }, { third_party_invite: {} }],
    ['text', {}],
    [['signed'], {}],
    [null, {}],
  ])('a third_party_invite that is %j leaves %j', (invite, expected) => {
    const content = { third_party_invite: invite as JsonValue };
    expect(contentKept('12', 'm.room.member', content)).toEqual(expected);
  });

  test('a content that is no object becomes an empty one', () => {
    for (const content of [null, 'text', ['a'], 1]) {
      expect(redactIn('1', { type: 'm.room.member', content }).content).toEqual({});
    }
  });
});

describe('properties', () => {
  const pdu = fc.record(
    {
      ...Object.fromEntries(Object.keys(EVERY_KEY).map((key) => [key, fc.jsonValue()])),
      type: fc.constantFrom('m.room.member', 'm.room.create', 'm.room.power_levels', 'x'),
      content: fc.dictionary(
        fc.constantFrom('membership', 'users', 'third_party_invite', 'creator', 'body'),
        fc.jsonValue(),
      ),
    },
    { requiredKeys: ['type', 'content'] },
  ) as fc.Arbitrary<JsonObject>;

  test.each(roomVersions())('redacting twice is redacting once, in version %s', (version) => {
    fc.assert(
      fc.property(pdu, (event) => {
        const once = redactIn(version, event);
        expect(redactIn(version, once)).toEqual(once);
      }),
    );
  });

  test.each(roomVersions().slice(2))(
    'the event id is the same before and after redaction, in version %s',
    (version) => {
      const rules = rulesOf(version)!;
      fc.assert(
        fc.property(pdu.map(finite), (event) => {
          expect(eventIdOf(redact(event, rules), rules)).toBe(eventIdOf(event, rules));
        }),
      );
    },
  );

  test('the event given is not changed', () => {
    fc.assert(
      fc.property(pdu.map(finite), (event) => {
        const before = canonicalJson(event, 'as-found');
        redactIn('12', event);
        expect(canonicalJson(event, 'as-found')).toBe(before);
      }),
    );
  });
});

test('a backslash before what looks like half a character stays one', () => {
  expect(finite({ a: '\\ud8ab', b: '\ud8ab', c: '\\\ud8ab' })).toEqual({
    a: '\\ud8ab',
    b: '?',
    c: '\\?',
  });
});

const redactIn = (version: string, pdu: JsonObject): JsonObject => redact(pdu, rulesOf(version)!);

const keysKept = (version: string, pdu: JsonObject): string[] =>
  Object.keys(redactIn(version, pdu)).sort();

const contentKept = (version: string, type: string, content: JsonObject) =>
  redactIn(version, { type, content }).content;

const pickFrom = (object: JsonObject, keys: readonly string[]): JsonObject =>
  Object.fromEntries(keys.map((key) => [key, object[key]!]));

/** Random JSON as the wire has it: well-formed text and no -0, which text cannot tell from 0. */
const finite = (event: JsonObject): JsonObject =>
  JSON.parse(
    // Escape by escape, or a backslash that stands before the text `ud800` would be taken for one.
    JSON.stringify(event).replaceAll(/\\(?:u[dD][89a-fA-F]..|.)/g, (written) =>
      written.length > 2 ? '?' : written,
    ),
  );
