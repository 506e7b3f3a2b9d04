import { describe, expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { CanonicalJsonError, canonicalJson } from './canonical-json.ts';
import { clientEvent, federationFormatEvent, strippedEvent } from './client-event.ts';
import { signatureChecksOf } from './event-signatures.ts';
import { FUZZ_CORPUS } from './fuzz-corpus.ts';
import { contentHashMatches, eventIdOf } from './hashes.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { parseEvent, redactedEvent, restoreEvent } from './parse-event.ts';
import { parseJson } from './parse-json.ts';
import { redact } from './redaction.ts';
import { roomVersions, rulesOf } from './room-versions.ts';
import { keyIdsOf, signatureOf } from './signatures.ts';

const PDU: JsonObject = {
  type: 'm.room.member',
  state_key: '@alice:example.org',
  sender: '@alice:example.org',
  room_id: '!room:example.org',
  event_id: '$event:example.org',
  content: { membership: 'join', join_authorised_via_users_server: '@bob:example.org' },
  origin_server_ts: 1000,
  depth: 7,
  prev_events: [['$prev:example.org', { sha256: 'x' }]],
  auth_events: [],
  hashes: { sha256: 'x' },
  signatures: { 'example.org': { 'ed25519:1': 'x' } },
  redacts: '$x:y',
};

const anyText = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units));

describe('no input crashes a parser', () => {
  const version = fc.constantFrom(...roomVersions());

  test.each(FUZZ_CORPUS)('the corpus: %s', (_, text) => {
    tryText(text);
    for (const each of roomVersions()) tryEvent(text, each);
  });

  test('random text', () => {
    fc.assert(fc.property(anyText, tryText));
  });

  test('JSON with random numbers', () => {
    const number = fc.stringMatching(
      /^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,5})?([eE][+-]?[0-9]{1,3})?$/,
    );
    fc.assert(fc.property(number, (text) => tryText(`{"b":[${text}, ${text}],"a":${text}}`)));
  });

  test('events with any one or two fields replaced by anything', () => {
    const change = fc.dictionary(fc.constantFrom(...Object.keys(PDU)), fc.jsonValue(), {
      maxKeys: 2,
    });
    fc.assert(
      fc.property(version, change, (of, changes) => {
        tryEvent(JSON.stringify({ ...PDU, ...changes }), of);
      }),
    );
  });

  test('events whose content has anything in it', () => {
    const content = fc.dictionary(
      fc.constantFrom('membership', 'third_party_invite', 'users', 'redacts', '__proto__', '1'),
      fc.jsonValue(),
    );
    const type = fc.constantFrom('m.room.member', 'm.room.redaction', 'm.room.create', 'toString');
    fc.assert(
      fc.property(version, type, content, (of, ofType, withContent) =>
        tryEvent(JSON.stringify({ ...PDU, type: ofType, content: withContent }), of),
      ),
    );
  });
});

/** What is read is written as it stood, and has a canonical form or an error that says why not. */
function tryText(text: string): void {
  const value = read(text);
  if (value === undefined) return;
  const canonical = attempt(() => canonicalJson(value, 'as-found'));
  if (canonical === undefined) return;
  expect(canonicalJson(parseJson(canonical), 'as-found')).toBe(canonical);
  const strict = attempt(() => canonicalJson(value));
  if (strict !== undefined) expect(strict).toBe(canonical);
}

function tryEvent(text: string, version: string): void {
  const pdu = read(text);
  if (pdu === undefined || !isObject(pdu)) return;
  const rules = rulesOf(version)!;
  redact(pdu, rules);
  keyIdsOf(pdu, 'example.org').map((keyId) => signatureOf(pdu, 'example.org', keyId));
  const parsed = parseEvent(pdu, rules);
  if (!parsed.ok) {
    expect(parsed.reason).not.toBe('');
    return;
  }
  const event = parsed.value;
  const again = read(JSON.stringify(event.pdu)) as JsonObject;
  expect(
    restoreEvent({ pdu: again, eventId: event.eventId, rejected: event.rejected }, rules),
  ).toEqual(event);
  expect(eventIdOf(redactedEvent(event, rules).pdu, rules)).toBe(event.eventId);
  expect(contentHashMatches(event.pdu)).toBe(false);
  expect(signatureChecksOf(event, rules, () => undefined, 0)).toBeDefined();
  JSON.stringify([clientEvent(event, rules), strippedEvent(event), federationFormatEvent(event)]);
}

function read(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    expect(error).toBeInstanceOf(SyntaxError);
    return undefined;
  }
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    expect(error).toBeInstanceOf(CanonicalJsonError);
    return undefined;
  }
}
