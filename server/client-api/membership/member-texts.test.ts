import { expect, test } from 'vitest';
import { type ApiServer, PASSWORD, startApi } from '../../../test/support/api-server.ts';
import type { EventId, RoomId, UserId } from '../../protocol/identifiers.ts';
import type { RoomEvent } from '../../rooms/room-event.ts';
import { MemberTexts } from './member-texts.ts';

const alice = '@alice:example.org' as UserId;
const bob = '@bob:example.org' as UserId;
const roomId = '!room' as RoomId;

const BY_PASSWORD = { type: 'm.login.password', user: 'bob', password: PASSWORD };

test('what is told again is the same text, and made anew where any of its events is another', () => {
  const texts = new MemberTexts();
  const [first, second] = [member(alice), member(bob)];
  const told = texts.of({ roomId, kind: '', reader: alice }, [first, second]);
  expect(texts.of({ roomId, kind: '', reader: bob }, [first, second])).toBe(told);
  expect(jsonOf(told)).toEqual([alice, bob]);
  expect(jsonOf(texts.of({ roomId, kind: '', reader: bob }, [first]))).toEqual([alice]);
  const redacted = { ...second, members: second.members.replace('"name"', '"nameless"') };
  const after = texts.of({ roomId, kind: '', reader: bob }, [first, redacted]);
  expect(String(after)).toContain('nameless');
});

test('of a state that is still the same it is told without a look at its events, but to who is told more', () => {
  const texts = new MemberTexts();
  const events = [{ ...member(alice), origin: { deviceId: 'D', txnId: 't' } }, member(bob)];
  const question = { roomId, kind: '', reader: bob };
  expect(texts.ofMark(question, 'one')).toBeUndefined();
  const told = texts.of(question, events, 'one');
  expect(texts.ofMark(question, 'one')).toBe(told);
  expect(texts.ofMark({ ...question, reader: alice }, 'one')).toBeUndefined();
  expect(texts.ofMark({ ...question, kind: 'join' }, 'one')).toBeUndefined();
  expect(texts.ofMark(question, 'two')).toBeUndefined();
  expect(texts.of(question, events, 'two')).toBe(told);
  expect(texts.ofMark(question, 'two')).toBe(told);
  // Of a state that moved while it was looked at nobody knows which one it was.
  texts.of(question, [member(bob)]);
  expect(texts.ofMark(question, 'two')).toBeUndefined();
});

test('lists of other kinds and of other rooms do not take its place', () => {
  const texts = new MemberTexts();
  const events = [member(alice)];
  const told = texts.of({ roomId, kind: 'join', reader: alice }, events);
  texts.of({ roomId, kind: 'leave', reader: alice }, []);
  texts.of({ roomId: '!other' as RoomId, kind: 'join', reader: alice }, []);
  expect(texts.of({ roomId, kind: 'join', reader: bob }, events)).toBe(told);
});

test('who is told of what they sent themselves more than others are is told for themselves', () => {
  const texts = new MemberTexts();
  const events = [{ ...member(alice), origin: { delayId: 'later' } }, member(bob)];
  expect(texts.of({ roomId, kind: '', reader: alice }, events)).toBeUndefined();
  const others = texts.of({ roomId, kind: '', reader: bob }, events);
  expect(String(others)).not.toContain('later');
});

test('what is larger than all may be together is not kept', () => {
  const texts = new MemberTexts({ bytesMax: 100 });
  const events = [member(alice)];
  const told = texts.of({ roomId, kind: '', reader: alice }, events);
  const again = texts.of({ roomId, kind: '', reader: alice }, events);
  expect(again).not.toBe(told);
  expect(again).toEqual(told);
});

test('a list of members follows who comes, who shows another name, and what is redacted', async () => {
  await using house = await houseOfTwo();
  const { as, room } = house;
  const names = async (user: string, query = '') => {
    const { chunk } = await as(user, `GET /rooms/${room}/members${query}`);
    return chunk.map(({ content }: Member) => content.displayname ?? content.membership).sort();
  };
  expect([await names('alice'), await names('bob')]).toEqual(Array(2).fill(['alice', 'bob']));
  await as('bob', 'PUT /profile/@bob:example.org/displayname', { displayname: 'Robert' });
  expect([await names('alice'), await names('bob')]).toEqual(Array(2).fill(['Robert', 'alice']));
  const { chunk } = await as('alice', `GET /rooms/${room}/members`);
  const bobs = chunk.find((event: Member) => event.state_key === bob).event_id;
  await as('alice', `PUT /rooms/${room}/redact/${bobs}/1`, {});
  expect([await names('alice'), await names('bob')]).toEqual(Array(2).fill(['alice', 'join']));
  await as('carol', `POST /join/${room}`);
  expect(await names('bob')).toEqual(['alice', 'join', 'join']);
  await as('carol', `POST /rooms/${room}/leave`);
  expect(await names('bob', '?not_membership=leave')).toEqual(['alice', 'join']);
  expect(await names('bob', '?membership=leave')).toEqual(['leave']);
});

test('who came behind somebody’s erasure is not told what others were told just before', async () => {
  await using house = await houseOfTwo();
  const { as, room } = house;
  const list = async (user: string) => JSON.stringify(await as(user, `GET /rooms/${room}/members`));
  await as('bob', 'POST /account/deactivate', { auth: BY_PASSWORD, erase: true });
  await as('carol', `POST /join/${room}`);
  const before = await list('alice');
  expect(before).toContain('"displayname":"bob"');
  expect(await list('carol')).not.toContain('"displayname":"bob"');
  expect(await list('alice')).toBe(before);
});

interface Member {
  readonly state_key: string;
  readonly content: { readonly displayname?: string; readonly membership: string };
}

const jsonOf = (text: Uint8Array | undefined): unknown =>
  JSON.parse(String(text)).chunk.map((event: Member) => event.state_key);

const member = (userId: UserId): RoomEvent => ({
  ...{ roomId, eventId: `$${userId}` as EventId, nid: 1, position: 1, depth: 1 },
  ...{ type: 'm.room.member', sender: userId, stateKey: userId, originServerTs: 0 },
  ...{ content: { membership: 'join' }, replacesNid: undefined, origin: undefined },
  ...{ stateBefore: 1, stateAfter: 1, unsigned: '' },
  members: `"content":{"displayname":"name","membership":"join"},"state_key":"${userId}"`,
});

async function houseOfTwo() {
  const api: ApiServer = await startApi();
  const tokens: Record<string, string> = {};
  for (const name of ['alice', 'bob', 'carol']) tokens[name] = await api.register(name);
  const as = async (user: string, request: string, given: object = {}) => {
    const body = request.startsWith('GET') ? undefined : given;
    const reply = await api.ask(request, { token: tokens[user], body });
    expect([request, reply.status, reply.body.error]).toEqual([request, 200, undefined]);
    return reply.body;
  };
  for (const name of ['alice', 'bob'])
    await as(name, `PUT /profile/@${name}:example.org/displayname`, { displayname: name });
  const { room_id } = await as('alice', 'POST /createRoom', { preset: 'public_chat' });
  const room = encodeURIComponent(room_id);
  await as('bob', `POST /join/${room}`);
  return { as, room, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() };
}
