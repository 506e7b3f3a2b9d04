import { expect, test } from 'vitest';
import type { ServerName, UserId } from '../../protocol/identifiers.ts';
import { OF_ALL_MAX, OF_DOMAIN_MAX, OF_USER_MAX, StrangerInvites } from './stranger-invites.ts';

const HOUR_MS = 3_600_000;

const invite = (n: number, server: string) => ({
  ...{ target: `@user${n}:example.org` as UserId, server: server as ServerName },
});

test('a user is invited by strangers so often within an hour, whoever they are', () => {
  const invites = new StrangerInvites();
  for (let n = 0; n < OF_USER_MAX; n += 1)
    expect(invites.take(invite(0, `s${n}.example`), 1_000)).toBe(0);
  expect(invites.take(invite(0, 'another.example'), 1_500)).toBe(HOUR_MS - 500);
  expect(invites.take(invite(1, 'another.example'), 1_500)).toBe(0);
  expect(invites.take(invite(0, 'another.example'), 1_000 + HOUR_MS)).toBe(0);
});

test('a domain has one share for all its servers', () => {
  const invites = new StrangerInvites();
  for (let n = 0; n < OF_DOMAIN_MAX; n += 1)
    expect(invites.take(invite(n, `s${n}.evil.co.uk:${n + 1}`), 0)).toBe(0);
  expect(invites.take(invite(500, 'EVIL.co.uk'), 0)).toBe(HOUR_MS);
  expect(invites.take(invite(500, 'good.co.uk'), 0)).toBe(0);
});

test('who has to wait takes nothing of what all have', () => {
  const invites = new StrangerInvites();
  for (let n = 0; n < OF_USER_MAX; n += 1) invites.take(invite(0, `s${n}.example`), 0);
  for (let n = 0; n < OF_ALL_MAX; n += 1) invites.take(invite(0, `s${n}.example`), 0);
  expect(invites.take(invite(1, 'other.example'), 0)).toBe(0);
});

test('there is a share for all strangers together', () => {
  const invites = new StrangerInvites();
  for (let n = 0; n < OF_ALL_MAX; n += 1)
    expect(invites.take(invite(n, `evil${n}.org`), 0)).toBe(0);
  expect(invites.take(invite(5_000, 'other.example'), 0)).toBe(HOUR_MS);
});
