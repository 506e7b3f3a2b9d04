import { expect, test } from 'vitest';
import type { Account } from '../storage/accounts/accounts.ts';
import { whyNotActive } from './why-not-active.ts';

const active = { deactivatedMs: null, lockedMs: null, suspendedMs: null } as Account;

test('who has no account, is deactivated, locked or suspended does nothing that others see, and why is told', () => {
  expect(whyNotActive(active)).toBeUndefined();
  expect(whyNotActive(undefined)?.errcode).toBe('M_USER_DEACTIVATED');
  expect(whyNotActive({ ...active, deactivatedMs: 0 })?.errcode).toBe('M_USER_DEACTIVATED');
  expect(whyNotActive({ ...active, lockedMs: 0 })?.errcode).toBe('M_USER_LOCKED');
  expect(whyNotActive({ ...active, suspendedMs: 0 })?.errcode).toBe('M_USER_SUSPENDED');
});
