import { expect, test } from 'vitest';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { Membership } from '../membership/membership.ts';
import type { HotRoom } from './hot-room.ts';
import { Members } from './members.ts';
import { hasOwnMember, hasStranger } from './members-of-server.ts';

const own = 'here.org' as ServerName;
const OTHERS = 5_000;

test('somebody of this server is found among all others once, and known from then on', () => {
  const at = room();
  at.set(OTHERS, 'join');
  expect([at.has(), at.has(), at.looked()]).toEqual([true, true, OTHERS + 1]);
});

test('that nobody of it is there is found out once, until a membership becomes another', () => {
  const at = room();
  at.set(OTHERS, 'invite');
  expect([at.has(), at.has(), at.looked()]).toEqual([false, false, OTHERS]);
  at.set(OTHERS, 'join');
  expect(at.has()).toBe(true);
  at.set(OTHERS, 'leave');
  expect(at.has()).toBe(false);
  at.set(OTHERS + 1, 'join');
  expect(at.has()).toBe(true);
});

test('where the one that was known leaves, another is found', () => {
  const at = room();
  for (const keyNid of [OTHERS, OTHERS + 1]) at.set(keyNid, 'join');
  expect(at.has()).toBe(true);
  at.set(OTHERS, undefined);
  expect(at.has()).toBe(true);
  at.set(OTHERS + 1, 'ban');
  expect(at.has()).toBe(false);
});

test('of who is not of this server one is enough, and that nobody is there is found out once', () => {
  const at = room();
  at.set(OTHERS, 'join');
  expect([at.hasStranger(), at.hasStranger(), at.looked()]).toEqual([true, true, 1]);
  for (let keyNid = 0; keyNid < OTHERS; keyNid += 1) at.set(keyNid, 'leave');
  expect([at.hasStranger(), at.hasStranger(), at.looked()]).toEqual([false, false, 2]);
  at.set(1, 'invite');
  expect(at.hasStranger()).toBe(false);
  at.set(1, 'join');
  expect(at.hasStranger()).toBe(true);
});

test('where nobody is a stranger only those are looked at who came since', () => {
  const at = ownRoom();
  expect([at.hasStranger(), at.looked()]).toEqual([false, OTHERS]);
  at.set(OTHERS, 'leave');
  at.set(OTHERS + 1, 'join');
  at.set(OTHERS + OTHERS, 'join');
  expect([at.hasStranger(), at.looked()]).toEqual([false, OTHERS + 2]);
  at.set(1, 'invite');
  expect([at.hasStranger(), at.looked()]).toEqual([false, OTHERS + 2]);
  at.set(1, 'join');
  expect([at.hasStranger(), at.looked()]).toEqual([true, OTHERS + 3]);
});

test('a stranger among more changes than are noted is found', () => {
  for (const behind of [200, 300, 1_000]) {
    const at = ownRoom();
    expect(at.hasStranger()).toBe(false);
    at.set(1, 'join');
    for (let n = 0; n < behind; n += 1) at.set(OTHERS, 'join');
    expect(at.hasStranger()).toBe(true);
  }
});

function ownRoom() {
  const at = room();
  for (let keyNid = 0; keyNid < OTHERS; keyNid += 1) {
    at.set(keyNid, undefined);
    at.set(OTHERS + keyNid, 'join');
  }
  return at;
}

/** Thousands of another server are joined; keys from `OTHERS` on are of users of this one. */
function room() {
  const members = new Members();
  for (let keyNid = 0; keyNid < OTHERS; keyNid += 1) members.set(keyNid, 'join');
  let looked = 0;
  const keys = {
    byNid(keyNid: number) {
      looked += 1;
      const server = keyNid < OTHERS ? 'far.org' : own;
      return { keyNid, type: 'm.room.member', stateKey: `@u${keyNid}:${server}` };
    },
  };
  const hot = { members } as HotRoom;
  return {
    has: () => hasOwnMember(hot, keys as never, own),
    hasStranger: () => hasStranger(hot, keys as never, own),
    looked: () => looked,
    set: (keyNid: number, membership: Membership | undefined) => members.set(keyNid, membership),
  };
}
