import { expect, test } from 'vitest';
import { rulesOf } from '../../protocol/room-versions.ts';
import type { StoredEvent } from '../store.ts';
import { parsedEventOf, roomEventOf } from './stored-event.ts';

const NUMBERS = '{"large":9223372036854775807,"float":1.0,"levels":{"users":{"@a:x":100.0}}}';
const pdu = (content: string) =>
  `{"auth_events":[],"content":${content},"depth":9223372036854775807,"hashes":{},` +
  `"origin_server_ts":1.0,"prev_events":[],"room_id":"!r:x","sender":"@a:x","signatures":{},"type":"t"}`;

const stored: StoredEvent = {
  nid: 1,
  roomNid: 1,
  roomId: '!r:x' as never,
  eventId: '$e' as never,
  depth: 1,
  stateBefore: 0,
  stateAfter: 0,
  position: 1,
  outlier: false,
  rejected: false,
  softFailed: false,
  isAfterGap: false,
  deviceId: null,
  txnId: null,
  json: pdu(NUMBERS),
  replacesNid: 2,
  replacesId: '$p' as never,
  replacesJson: pdu('{"before":1.0}'),
  replacesRedacted: false,
  redactionId: null,
  redactionJson: null,
};

test('an event of an old version is shown with its numbers as they were signed', () => {
  const event = roomEventOf(stored, rulesOf('5')!);
  expect(event.members).toContain(`"content":${NUMBERS}`);
  expect(event.originServerTs).toBe(1);
  expect(event.unsigned).toContain('"prev_content":{"before":1.0}');
});

test('the auth rules read its numbers as near as they can', () => {
  const event = parsedEventOf(stored, rulesOf('5')!);
  expect([event.depth, event.originServerTs]).toEqual([Number.MAX_SAFE_INTEGER, 1]);
});

test('from version 6 on a number is a number', () => {
  expect(roomEventOf({ ...stored, json: pdu('{"n":1}') }, rulesOf('6')!).content).toEqual({ n: 1 });
});
