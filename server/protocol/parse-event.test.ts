import { describe, expect, test } from 'vitest';
import type { Event } from './event.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { DEPTH_MAX, depthAfter } from './limits.ts';
import { parseEvent, redactedEvent, rejectedEvent, restoreEvent } from './parse-event.ts';
import { parseJson } from './parse-json.ts';
import { roomVersions, rulesOf } from './room-versions.ts';

const V12 = rulesOf('12')!;
const ROOM = '!Nhcu5BS-UMnFX7hBVfVSoXiD7OgH6iRT-xyIuqDnpYQ';

const PDU: JsonObject = {
  type: 'm.room.message',
  sender: '@alice:example.org',
  room_id: '!room:example.org',
  content: { body: 'text' },
  origin_server_ts: 1_753_350_000_000,
  depth: 7,
  prev_events: ['$prev'],
  auth_events: ['$create', '$member'],
  hashes: { sha256: 'x' },
  signatures: {},
};

const PDU_V1: JsonObject = {
  ...PDU,
  event_id: '$event:example.org',
  prev_events: [['$prev:example.org', { sha256: 'x' }]],
  auth_events: [['$create:example.org', { sha256: 'x' }]],
};

/** A well-formed PDU of the version. */
const pduOf = (version: string): JsonObject =>
  version === '1' || version === '2' ? PDU_V1 : version === '12' ? { ...PDU, room_id: ROOM } : PDU;

describe('an event of every version', () => {
  test.each(roomVersions())('version %s is parsed into its fields', (version) => {
    const event = parsed(pduOf(version), version);
    expect(event).toMatchObject({
      type: 'm.room.message',
      sender: '@alice:example.org',
      content: { body: 'text' },
      stateKey: undefined,
      depth: 7,
      originServerTs: 1_753_350_000_000,
      redacts: undefined,
      rejected: false,
    });
    expect(event.roomId).toBe(pduOf(version).room_id);
  });

  test('versions 1 and 2 carry their id, and pairs of id and hash, of which the ids are read', () => {
    for (const version of ['1', '2']) {
      expect(parsed(PDU_V1, version)).toMatchObject({
        eventId: '$event:example.org',
        prevEvents: ['$prev:example.org'],
        authEvents: ['$create:example.org'],
      });
    }
  });

  test('from version 3 on the id is the hash, and the lists have ids alone', () => {
    const v3 = parsed(PDU, '3');
    expect(v3.eventId).toMatch(/^\$[A-Za-z0-9+/]{43}$/);
    expect(v3).toMatchObject({ prevEvents: ['$prev'], authEvents: ['$create', '$member'] });
    expect(parsed(PDU, '4').eventId).toMatch(/^\$[A-Za-z0-9_-]{43}$/);
  });

  test('the create event of version 12 has no room_id: the room is named after it', () => {
    const { room_id: _, ...create } = PDU;
    const pdu = { ...create, type: 'm.room.create', state_key: '', prev_events: [] };
    const event = parsed(pdu, '12');
    expect(event.roomId).toBe(`!${event.eventId.slice(1)}`);
    expect(reason(pdu, '11')).toBe('room_id is not a string');
    expect(reason(create, '12')).toBe('room_id is not a string');
    expect(reason({ ...pdu, state_key: 'x' }, '12')).toBe('room_id is not a string');
  });
});

describe('redacts', () => {
  const redaction = {
    ...PDU,
    type: 'm.room.redaction',
    redacts: '$top',
    content: { redacts: '$in' },
  };

  test('is read from the top level before version 11, from the content then', () => {
    expect(parsed(redaction, '10').redacts).toBe('$top');
    expect(parsed({ ...redaction, room_id: ROOM }, '12').redacts).toBe('$in');
  });

  test('is nothing on another type, or if it is no event id', () => {
    expect(parsed({ ...redaction, type: 'other' }, '10').redacts).toBeUndefined();
    for (const redacts of ['event', 1, null, ['$a']]) {
      expect(parsed({ ...redaction, redacts }, '10').redacts).toBeUndefined();
    }
  });
});

describe('what is no event', () => {
  test.each<[string, string, Record<string, JsonValue | undefined>]>([
    ['type is missing', 'type is not a string', { type: undefined }],
    ['type is a number', 'type is not a string', { type: 1 }],
    ['type has U+0000', 'type has U+0000', { type: 'a\0b' }],
    ['state_key is null', 'state_key is not a string', { state_key: null }],
    ['content is missing', 'content is not an object', { content: undefined }],
    ['content is a list', 'content is not an object', { content: [] }],
    ['sender is missing', 'sender is not a string', { sender: undefined }],
    ['sender is no user id', 'sender: a user id', { sender: 'alice' }],
    ['room_id is missing', 'room_id is not a string', { room_id: undefined }],
    ['room_id is no room id', 'room_id: a room id', { room_id: '#room:example.org' }],
    ['origin_server_ts is missing', 'origin_server_ts is not', { origin_server_ts: undefined }],
    ['origin_server_ts is text', 'origin_server_ts is not', { origin_server_ts: '1' }],
    ['depth is missing', 'depth is not an integer', { depth: undefined }],
    ['depth is negative', 'depth is out of its range', { depth: -1 }],
    ['prev_events is missing', 'prev_events is not a list', { prev_events: undefined }],
    ['prev_events has pairs', 'prev_events: an entry', { prev_events: [['$a', {}]] }],
    ['prev_events has no ids', 'prev_events: an event id', { prev_events: ['a'] }],
    ['auth_events is an object', 'auth_events is not a list', { auth_events: {} }],
    ['auth_events has numbers', 'auth_events: an entry', { auth_events: [1] }],
  ])('%s', (_, expected, change) => {
    const pdu = Object.entries({ ...PDU, ...change }).filter(([, value]) => value !== undefined);
    expect(reason(Object.fromEntries(pdu) as JsonObject, '10')).toContain(expected);
  });

  test.each<[string, Record<string, JsonValue>]>([
    ['event_id is a hash', { event_id: '$hash' }],
    ['event_id is missing', { event_id: null }],
    ['prev_events has ids alone', { prev_events: ['$a:b'] }],
    ['auth_events has an empty pair', { auth_events: [[]] }],
  ])('in version 1: %s', (_, change) => {
    expect(parseEvent({ ...PDU_V1, ...change }, rulesOf('1')!).ok).toBe(false);
  });

  test('more than 20 prev_events, or more than 10 auth_events', () => {
    const ids = (count: number) => Array.from({ length: count }, (_, i) => `$${i}`);
    expect(parsed({ ...PDU, prev_events: ids(20), auth_events: ids(10) }, '10')).toBeDefined();
    expect(reason({ ...PDU, prev_events: ids(21) }, '10')).toMatch(/more than 20/);
    expect(reason({ ...PDU, auth_events: ids(11) }, '10')).toMatch(/more than 10/);
  });
});

describe('limits', () => {
  test('the event is at most 65,536 bytes of canonical JSON, signatures included', () => {
    const empty = parsed({ ...PDU, content: { body: '' } }, '10');
    const room = 65_536 - Buffer.byteLength(JSON.stringify(empty.pdu));
    const of = (bytes: number): JsonObject => ({ ...PDU, content: { body: 'a'.repeat(bytes) } });
    expect(parsed(of(room), '10')).toBeDefined();
    expect(reason(of(room + 1), '10')).toBe('the event has more than 65536 bytes');
    expect(reason({ ...PDU, content: { body: 'ü'.repeat(room / 2 + 1) } }, '10')).toMatch(/65536/);
  });

  test('what is too large is not written for that: nobody waits while its keys are put in order', () => {
    const keys = Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`x${n}`, 0.5]));
    // The first float would be told, were it written.
    expect(reason({ ...PDU, content: { x: 0.5 } }, '10')).toBe(
      '0.5 is not an integer between -(2^53)+1 and (2^53)-1',
    );
    expect(reason({ ...PDU, content: keys }, '10')).toBe('the event has more than 65536 bytes');
  });

  test('unsigned does not count, and is left out: nobody vouches for it', () => {
    const event = parsed({ ...PDU, unsigned: { x: 'a'.repeat(70_000) } }, '10');
    expect(event.pdu).not.toHaveProperty('unsigned');
    expect(event.eventId).toBe(parsed(PDU, '10').eventId);
  });

  test.each(['type', 'state_key'])('%s has at most 255 bytes', (name) => {
    const of = (text: string): JsonObject => ({ ...PDU, room_id: ROOM, [name]: text });
    expect(parsed(of('a'.repeat(255)), '12').rejected).toBe(false);
    expect(reason(of('a'.repeat(256)), '12')).toMatch(/255 bytes/);
    expect(reason(of('ü'.repeat(128)), '12')).toMatch(/255 bytes/);
  });

  test('before version 11 one too long in bytes, but not in code points, is kept as rejected', () => {
    for (const text of ['ü'.repeat(255), '😀'.repeat(255)]) {
      expect(parsed({ ...PDU, type: text }, '10').rejected).toBe(true);
      expect(parsed({ ...PDU, state_key: text }, '10').rejected).toBe(true);
    }
    expect(reason({ ...PDU, type: 'ü'.repeat(256) }, '10')).toMatch(/255 bytes/);
  });
});

describe('numbers', () => {
  test.each(['1.5', '1.0', '9007199254740992', '-0'])(
    'an event with %s is refused from version 6 on, and taken before',
    (number) => {
      const pdu = parseJson(
        JSON.stringify({ ...PDU, content: { x: 0 } }).replace('"x":0', `"x":${number}`),
      ) as JsonObject;
      expect(parsed(pdu, '5')).toBeDefined();
      expect(reason(pdu, '6')).toMatch(/not an integer/);
    },
  );

  test('a depth of up to 2^63-1 is taken before version 6, and counts as 2^53-1', () => {
    const of = (depth: string) =>
      parseJson(JSON.stringify(PDU).replace('"depth":7', `"depth":${depth}`)) as JsonObject;
    expect(parsed(of('9223372036854775807'), '5').depth).toBe(DEPTH_MAX);
    expect(JSON.stringify(parsed(of('9223372036854775807'), '5').pdu)).toContain(
      '"depth":9223372036854775807',
    );
    expect(reason(of('9223372036854777000'), '5')).toBe('depth is out of its range');
    expect(reason(of('1.5'), '5')).toBe('depth is not an integer');
    expect(parsed(of(String(DEPTH_MAX)), '6').depth).toBe(DEPTH_MAX);
  });

  test('"If the room’s depth is already at the limit, the depth must be set to the limit"', () => {
    expect(depthAfter([])).toBe(1);
    expect(depthAfter([3, 9, 4])).toBe(10);
    expect(depthAfter([DEPTH_MAX])).toBe(DEPTH_MAX);
  });

  test('an old event’s time that no clock has is brought into range', () => {
    const of = (time: string) =>
      parseJson(JSON.stringify(PDU).replace('1753350000000', time)) as JsonObject;
    expect(parsed(of('1e300'), '5').originServerTs).toBe(Number.MAX_SAFE_INTEGER);
    expect(parsed(of('1753350000000.7'), '5').originServerTs).toBe(1_753_350_000_000);
  });

  test('a lone surrogate is refused in every version', () => {
    for (const version of roomVersions()) {
      const pdu = { ...pduOf(version), content: { body: '\ud800' } };
      expect(parseEvent(pdu, rulesOf(version)!)).toMatchObject({ ok: false });
    }
  });
});

describe('a parsed event', () => {
  test('is frozen all the way down', () => {
    const event = parsed({ ...PDU, content: { a: [{ b: [1] }] } }, '10');
    const everything = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null
        ? [value, ...Object.values(value).flatMap(everything)]
        : [];
    for (const object of everything(event)) expect(Object.isFrozen(object)).toBe(true);
  });

  test('comes back the same from what was stored of it', () => {
    const event = parsed({ ...PDU, type: 'm.room.redaction', redacts: '$x' }, '10');
    const pdu = parseJson(JSON.stringify(event.pdu)) as JsonObject;
    const { eventId, rejected } = event;
    expect(restoreEvent({ pdu, eventId, rejected }, rulesOf('10')!)).toEqual(event);
  });

  test('keeps its id when it is redacted or rejected', () => {
    const event = parsed({ ...PDU, room_id: ROOM }, '12');
    const redacted = redactedEvent(event, V12);
    expect(redacted).toMatchObject({ eventId: event.eventId, content: {}, rejected: false });
    expect(parsed(redacted.pdu, '12').eventId).toBe(event.eventId);
    expect(rejectedEvent(event)).toEqual({ ...event, rejected: true });
    expect(redactedEvent(rejectedEvent(event), V12).rejected).toBe(true);
  });
});

function parsed(pdu: JsonObject, version: string): Event {
  const result = parseEvent(pdu, rulesOf(version)!);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

function reason(pdu: JsonObject, version: string): string {
  const result = parseEvent(pdu, rulesOf(version)!);
  return result.ok ? 'it was parsed' : result.reason;
}
