import { changesStanding } from './moderated.ts';

export const setAdminLockUser = changesStanding('setAdminLockUser', 'lock', 'locked');
