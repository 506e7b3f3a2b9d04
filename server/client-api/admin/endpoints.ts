import { getAdminLockUser } from './get-admin-lock-user.ts';
import { getAdminSuspendUser } from './get-admin-suspend-user.ts';
import { getWhoIs } from './get-who-is.ts';
import { setAdminLockUser } from './set-admin-lock-user.ts';
import { setAdminSuspendUser } from './set-admin-suspend-user.ts';

export const adminEndpoints = [
  getWhoIs,
  getAdminSuspendUser,
  setAdminSuspendUser,
  getAdminLockUser,
  setAdminLockUser,
];
