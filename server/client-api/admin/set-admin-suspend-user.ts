import { changesStanding } from './moderated.ts';

export const setAdminSuspendUser = changesStanding('setAdminSuspendUser', 'suspend', 'suspended');
