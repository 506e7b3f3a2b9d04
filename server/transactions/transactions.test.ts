import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../test/support/certificates.ts';
import { startPeer } from '../../test/support/federation-peer.ts';
import { receivingHome, says, userOf } from '../../test/support/receiving-home.ts';
import type { JsonObject } from '../protocol/json.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

test('what somebody of another server says is answered when it is there, and comes in /sync', async () => {
  const shared = await receivingHome(authority);
  await shared.sync();
  const { pdu, eventId } = await shared.event(says(shared.bob, 'hello'));
  expect(await shared.send(shared.peer, { pdus: [pdu] })).toEqual({
    ...{ status: 200, body: { pdus: { [eventId]: {} } } },
  });
  const { timeline } = (await shared.sync()).rooms.join[shared.roomId];
  expect(timeline.events).toEqual([
    expect.objectContaining({ event_id: eventId, sender: shared.bob }),
  ]);
});

test('a transaction that comes again is answered alike, and what it brought is there once', async () => {
  const shared = await receivingHome(authority);
  const { pdu } = await shared.event(says(shared.bob, 'once'));
  const forged = { ...pdu, signatures: {} };
  const both = { pdus: [pdu, { ...forged, depth: 7 }] };
  const first = await shared.send(shared.peer, both, 'again');
  expect(await shared.send(shared.peer, both, 'again')).toEqual(first);
  expect(Object.keys(first.body.pdus as object)).toHaveLength(2);
  await shared.home.restart();
  expect(await shared.send(shared.peer, both, 'again')).toEqual(first);
  expect(await shared.bodies()).toEqual(['once']);
});

test('two servers may number their transactions alike', async () => {
  const shared = await receivingHome(authority);
  const other = await startPeer(authority);
  await shared.joins(other);
  for (const peer of [shared.peer, other]) {
    const { pdu } = await shared.event(says(userOf(peer), peer.name));
    await shared.send(peer, { pdus: [pdu] }, 'same');
  }
  expect(await shared.bodies()).toEqual([shared.peer.name, other.name]);
});

test('each event has an answer of its own, those of several rooms in one transaction, too', async () => {
  const shared = await receivingHome(authority);
  const second = await shared.createRoom();
  await shared.joins(shared.peer, shared.bob, second);
  const good = await shared.event(says(shared.bob, 'one'));
  const elsewhere = await shared.event(says(shared.bob, 'two'), second);
  const notIn = await shared.event(says(userOf(shared.peer, 'eve'), 'three'));
  const pdus = [good.pdu, elsewhere.pdu, notIn.pdu, { room_id: shared.roomId, type: 7 }];
  const { body } = await shared.send(shared.peer, { pdus });
  expect(body.pdus).toMatchObject({
    ...{ [good.eventId]: {}, [elsewhere.eventId]: {} },
    [notIn.eventId]: { error: expect.any(String) },
  });
  expect([await shared.bodies(), await shared.bodies(second)]).toEqual([['one'], ['two']]);
});

test('a transaction of more than 50 events or 100 EDUs is refused, and nothing of it is kept', async () => {
  const shared = await receivingHome(authority);
  const { pdu } = await shared.event(says(shared.bob));
  for (const content of [{ pdus: Array(51).fill(pdu) }, { pdus: [pdu], edus: Array(101).fill({}) }])
    expect(await shared.send(shared.peer, content)).toMatchObject({
      ...{ status: 400, body: { errcode: 'M_BAD_JSON' } },
    });
  expect(await shared.bodies()).toEqual([]);
});

test('events of rooms that are not here are noted by room and server, once a day, and not taken in', async () => {
  const shared = await receivingHome(authority);
  const { pdu } = await shared.event(says(shared.bob));
  const before = await shared.count('event');
  const lost = { ...pdu, room_id: '!lost:far.example' };
  for (const pdus of [[lost, lost], [lost]])
    expect(await shared.send(shared.peer, { pdus })).toMatchObject({ status: 200 });
  expect(await shared.count('event')).toBe(before);
  const seen = await shared.home.server.fresh.database.query(
    'unknown_rooms_seen',
    'SELECT room_id, server_name, seen_ms FROM federation_unknown_room',
  );
  const seen_ms = shared.home.server.clock.ms;
  const server_name = shared.peer.name;
  expect(seen).toEqual([{ room_id: '!lost:far.example', server_name, seen_ms }]);
});

test('of rooms that are not here a server has so many noted in a day', async () => {
  const shared = await receivingHome(authority);
  const lost = (index: number): JsonObject => ({ room_id: `!lost${index}:far.example` });
  for (let from = 0; from < 150; from += 50)
    await shared.send(shared.peer, {
      pdus: Array.from({ length: 50 }, (_, index) => lost(from + index)),
    });
  expect(await shared.count('federation_unknown_room')).toBe(100);
});

test('a server that the room denies is not heard, neither its events nor who types there', async () => {
  const shared = await receivingHome(authority);
  const { pdu, eventId } = await shared.event(says(shared.bob));
  const path = `PUT /rooms/${shared.roomId}/state/m.room.server_acl/`;
  const acl = { allow: ['*'], deny: ['localhost'] };
  await shared.home.server.ask(path, { token: shared.token, body: acl });
  await shared.sync();
  const { body } = await shared.send(shared.peer, {
    ...{ pdus: [pdu], edus: [typing(shared.roomId, shared.bob)] },
  });
  expect(body).toEqual({ pdus: { [eventId]: { error: expect.stringContaining('denies') } } });
  expect(await shared.bodies()).toEqual([]);
  expect((await shared.sync()).rooms?.join).toBeUndefined();
});

test('a room that all of this server have left is not heard of any more', async () => {
  const shared = await receivingHome(authority);
  const { pdu, eventId } = await shared.event(says(shared.bob));
  await shared.home.server.ask(`POST /rooms/${shared.roomId}/leave`, { token: shared.token });
  const { body } = await shared.send(shared.peer, { pdus: [pdu] });
  expect(body.pdus).toEqual({ [eventId]: { error: expect.stringContaining('Nobody') } });
});

const typing = (room_id: string, user_id: string): JsonObject => ({
  ...{ edu_type: 'm.typing', content: { room_id, user_id, typing: true } },
});
