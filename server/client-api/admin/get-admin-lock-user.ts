import { tellsStanding } from './moderated.ts';

export const getAdminLockUser = tellsStanding('getAdminLockUser', 'lock', 'locked');
