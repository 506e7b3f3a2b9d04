import { describe, expect, test } from 'vitest';
import {
  ageOf,
  clientEvent,
  federationFormatEvent,
  strippedEvent,
  syncEvent,
} from './client-event.ts';
import type { Event } from './event.ts';
import type { JsonObject } from './json.ts';
import { parseEvent } from './parse-event.ts';
import { rulesOf } from './room-versions.ts';

const V10 = rulesOf('10')!;
const V11 = rulesOf('11')!;

const PDU: JsonObject = {
  type: 'm.room.topic',
  state_key: '',
  sender: '@alice:example.org',
  room_id: '!room:example.org',
  content: { topic: 'text' },
  origin_server_ts: 1000,
  origin: 'example.org',
  depth: 7,
  prev_events: [],
  auth_events: [],
  hashes: { sha256: 'x' },
  signatures: {},
  unsigned: { 'm.relations': 'forged', age: 1 },
  prev_state: [],
  membership: 'join',
};

const EVENT = parsed(PDU);

describe('the forms of an event for clients', () => {
  const SYNC = {
    content: { topic: 'text' },
    event_id: EVENT.eventId,
    origin_server_ts: 1000,
    sender: '@alice:example.org',
    state_key: '',
    type: 'm.room.topic',
  };

  test('/sync has no room_id in its events, and nothing that is only for servers', () => {
    expect(syncEvent(EVENT, V10)).toEqual(SYNC);
  });

  test('everywhere else the room_id is there', () => {
    expect(clientEvent(EVENT, V10)).toEqual({ ...SYNC, room_id: '!room:example.org' });
  });

  test('a message has no state_key', () => {
    const { state_key: _, ...message } = PDU;
    expect(syncEvent(parsed(message), V10)).not.toHaveProperty('state_key');
  });

  test('unsigned is what we say, never what another server has sent', () => {
    const unsigned = { age: 5, transaction_id: 't' };
    expect(syncEvent(EVENT, V10, unsigned)).toEqual({ ...SYNC, unsigned });
    expect(syncEvent(EVENT, V10)).not.toHaveProperty('unsigned');
    expect(federationFormatEvent(EVENT)).not.toHaveProperty('unsigned');
  });

  test('stripped state has the sender, type, state_key and content properties only', () => {
    const { event_id: _, origin_server_ts: __, ...stripped } = SYNC;
    expect(strippedEvent(EVENT)).toEqual(stripped);
  });

  test('the federation format is the PDU with its event_id', () => {
    const { unsigned: _, ...pdu } = PDU;
    expect(federationFormatEvent(EVENT, { age: 3 })).toEqual({
      ...pdu,
      event_id: EVENT.eventId,
      unsigned: { age: 3 },
    });
  });

  test('age is by two clocks, and negative if the sender’s is ahead', () => {
    expect(ageOf(EVENT, 1500)).toBe(500);
    expect(ageOf(EVENT, 900)).toBe(-100);
  });
});

describe('redacts', () => {
  const { state_key: _, ...message } = PDU;
  const redaction = { ...message, type: 'm.room.redaction' };

  test('of version 11 is added to the top level, for older clients', () => {
    const event = parsed({ ...redaction, content: { redacts: '$x', reason: 'spam' } }, '11');
    expect(syncEvent(event, V11)).toMatchObject({
      redacts: '$x',
      content: { redacts: '$x', reason: 'spam' },
    });
    expect(syncEvent(event, V11).content).toBe(event.content);
  });

  test('of older versions is added to the content, for newer clients', () => {
    const event = parsed({ ...redaction, redacts: '$x', content: { reason: 'spam' } });
    expect(clientEvent(event, V10)).toMatchObject({
      redacts: '$x',
      content: { redacts: '$x', reason: 'spam' },
    });
    expect(event.content).toEqual({ reason: 'spam' });
  });

  test('is not made up where there is none', () => {
    const event = parsed({ ...redaction, content: { reason: 'spam' } });
    expect(syncEvent(event, V10)).not.toHaveProperty('redacts');
    expect(syncEvent(event, V10).content).toEqual({ reason: 'spam' });
  });
});

function parsed(pdu: JsonObject, version = '10'): Event {
  const result = parseEvent(pdu, rulesOf(version)!);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}
