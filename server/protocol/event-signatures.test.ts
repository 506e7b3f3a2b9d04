import { describe, expect, test } from 'vitest';
import type { Event } from './event.ts';
import {
  type FindKey,
  serversThatMustSign,
  signatureChecksOf,
  verifyEvents,
} from './event-signatures.ts';
import { contentHash } from './hashes.ts';
import type { JsonObject } from './json.ts';
import { type KnownKey, keyIsValidFor } from './key-validity.ts';
import { parseEvent } from './parse-event.ts';
import { rulesOf } from './room-versions.ts';
import { addSignature, signEvent, signingKeyFromSeed, verifyKeyFrom } from './signatures.ts';

const V1 = rulesOf('1')!;
const V10 = rulesOf('10')!;
const NOW = 1_753_350_000_000;
const DAY = 24 * 60 * 60 * 1000;

/** Every server has one key, made from its name. */
const keyOf = (server: string) =>
  signingKeyFromSeed('ed25519:1', Buffer.alloc(32, server.padEnd(32, '.')));

const findKey: FindKey = (server, keyId) =>
  keyId === 'ed25519:1' ? known(server, { validUntilTs: NOW + DAY }) : undefined;

const known = (server: string, validity: Omit<KnownKey, 'key'>): KnownKey => ({
  key: verifyKeyFrom(keyOf(server).publicKey)!,
  ...validity,
});

const PDU: JsonObject = {
  type: 'm.room.message',
  sender: '@alice:a.org',
  room_id: '!room:a.org',
  content: { body: 'text' },
  origin_server_ts: NOW,
  depth: 7,
  prev_events: [],
  auth_events: [],
};

const INVITE: JsonObject = {
  ...PDU,
  type: 'm.room.member',
  state_key: '@bob:b.org',
  content: { membership: 'invite', third_party_invite: { signed: {} } },
};

const RESTRICTED_JOIN: JsonObject = {
  ...PDU,
  type: 'm.room.member',
  state_key: '@alice:a.org',
  content: { membership: 'join', join_authorised_via_users_server: '@mod:m.org' },
};

describe('the servers that must sign', () => {
  const servers = (pdu: JsonObject, version: string) =>
    serversThatMustSign(parsed({ event_id: '$1:a.org', ...pdu }, version), rulesOf(version)!);

  test('"only the signature(s) from the originating server are required" from version 3 on', () => {
    expect(servers(PDU, '3')).toEqual({ ok: true, value: ['a.org'] });
  });

  test('versions 1 and 2 also require the domain of the event_id, if it differs', () => {
    for (const version of ['1', '2']) {
      expect(servers({ ...PDU, event_id: '$1:c.org' }, version)).toMatchObject({
        value: ['a.org', 'c.org'],
      });
      expect(servers({ ...PDU, event_id: '$1:a.org' }, version)).toMatchObject({
        value: ['a.org'],
      });
    }
  });

  test('a third-party invite may be sent by any server', () => {
    expect(servers(INVITE, '10')).toEqual({ ok: true, value: [] });
    const content = { membership: 'invite' };
    expect(servers({ ...INVITE, content }, '10')).toMatchObject({ value: ['a.org'] });
    const join = { ...(INVITE.content as JsonObject), membership: 'join' };
    expect(servers({ ...INVITE, content: join }, '10')).toMatchObject({ value: ['a.org'] });
  });

  test('a member event needs the server that authorised it, from version 8 on', () => {
    expect(servers(RESTRICTED_JOIN, '7')).toMatchObject({ value: ['a.org'] });
    expect(servers(RESTRICTED_JOIN, '8')).toMatchObject({ value: ['a.org', 'm.org'] });
    const content = { membership: 'join', join_authorised_via_users_server: 'mod' };
    expect(servers({ ...RESTRICTED_JOIN, content }, '8').ok).toBe(false);
    const leave = { ...(RESTRICTED_JOIN.content as JsonObject), membership: 'leave' };
    expect(servers({ ...RESTRICTED_JOIN, content: leave }, '8')).toMatchObject({
      value: ['a.org', 'm.org'],
    });
    const message = { ...RESTRICTED_JOIN, type: 'm.room.message' };
    expect(servers(message, '8')).toMatchObject({ value: ['a.org'] });
  });
});

describe('verifying events', () => {
  const verdicts = async (events: readonly Event[], find: FindKey = findKey, rules = V10) =>
    verifyEvents(events, rules, find, NOW);

  test('each event gets its own answer, in order', async () => {
    const good = parsed(signedBy(['a.org'], PDU));
    const changed = parsed({ ...signedBy(['a.org'], PDU), depth: 8 });
    const unsigned = parsed(PDU);
    const answers = await verdicts([good, changed, unsigned, good]);
    expect(answers).toEqual([
      undefined,
      'a signature does not verify',
      'no known key of a.org signed',
      undefined,
    ]);
  });

  test('a changed content still verifies: that is what the content hash is for', async () => {
    const changed = { ...signedBy(['a.org'], PDU), content: { body: 'changed' } };
    expect(await verdicts([parsed(changed)])).toEqual([undefined]);
    expect(contentHash(changed)).not.toBe((changed as { hashes?: JsonObject }).hashes?.sha256);
  });

  test('all required servers must have signed', async () => {
    const both = parsed(signedBy(['a.org', 'm.org'], RESTRICTED_JOIN));
    const one = parsed(signedBy(['a.org'], RESTRICTED_JOIN));
    expect(await verdicts([both, one])).toEqual([undefined, 'no known key of m.org signed']);
    const v1 = { ...PDU, event_id: '$1:c.org' };
    const event = (servers: string[]) => parsed(signedBy(servers, v1, '1'), '1');
    expect(await verdicts([event(['a.org', 'c.org']), event(['a.org'])], findKey, V1)).toEqual([
      undefined,
      'no known key of c.org signed',
    ]);
  });

  test('"any unknown keys are ignored", but every known one must verify', async () => {
    const pdu = signedBy(['a.org'], PDU);
    const own = (pdu.signatures as { 'a.org': JsonObject })['a.org'];
    const withMore = (more: JsonObject) =>
      parsed({ ...pdu, signatures: { 'a.org': { ...own, ...more } } });
    expect(await verdicts([withMore({ 'ed25519:policy_server': 'x' })])).toEqual([undefined]);
    const all: FindKey = (server) => known(server, { validUntilTs: NOW });
    expect(await verdicts([withMore({ 'ed25519:2': own['ed25519:1']! })], all)).toEqual([
      undefined,
    ]);
    const wrong = Buffer.alloc(64).toString('base64');
    expect(await verdicts([withMore({ 'ed25519:2': wrong })], all)).toEqual([
      'a signature does not verify',
    ]);
    for (const none of ['x', 'AAAA', 1]) {
      expect(await verdicts([withMore({ 'ed25519:2': none })], all)).toEqual([
        'the signature by a.org ed25519:2 is none',
      ]);
    }
  });

  test('a key that was not valid at the event’s time is passed over', () => {
    const event = parsed(signedBy(['a.org'], PDU));
    const old: FindKey = (server) => known(server, { validUntilTs: NOW - 1 });
    expect(signatureChecksOf(event, V10, old, NOW)).toEqual({
      ok: false,
      reason: 'no known key of a.org signed',
    });
    expect(signatureChecksOf(event, rulesOf('4')!, old, NOW).ok).toBe(true);
  });
});

describe('the validity of a key', () => {
  const valid = (validity: Omit<KnownKey, 'key'>, time: number, version: string) =>
    keyIsValidFor(known('a.org', validity), time, rulesOf(version)!, NOW);

  test('valid_until_ts is at least as large as origin_server_ts, from version 5 on', () => {
    expect(valid({ validUntilTs: NOW }, NOW, '5')).toBe(true);
    expect(valid({ validUntilTs: NOW - 1 }, NOW, '5')).toBe(false);
  });

  test('"this field MUST be ignored in room versions 1, 2, 3, and 4"', () => {
    for (const version of ['1', '2', '3', '4']) {
      expect(valid({ validUntilTs: 0 }, NOW, version)).toBe(true);
    }
  });

  test('"servers MUST use the lesser of valid_until_ts and 7 days into the future"', () => {
    const far = { validUntilTs: NOW + 1000 * DAY };
    expect(valid(far, NOW + 7 * DAY, '12')).toBe(true);
    expect(valid(far, NOW + 7 * DAY + 1, '12')).toBe(false);
  });

  test('an expired key holds for events before its end, in every version', () => {
    for (const version of ['1', '12']) {
      expect(valid({ validUntilTs: 0, expiredTs: NOW }, NOW, version)).toBe(true);
      expect(valid({ validUntilTs: NOW + DAY, expiredTs: NOW }, NOW + 1, version)).toBe(false);
    }
  });
});

function signedBy(servers: readonly string[], pdu: JsonObject, version = '10'): JsonObject {
  const rules = rulesOf(version)!;
  const [first, ...others] = servers;
  let signed = signEvent(pdu, rules, first!, keyOf(first!));
  for (const server of others) signed = addSignature(signed, rules, server, keyOf(server));
  return signed;
}

function parsed(pdu: JsonObject, version = '10'): Event {
  const result = parseEvent({ ...pdu }, rulesOf(version)!);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}
