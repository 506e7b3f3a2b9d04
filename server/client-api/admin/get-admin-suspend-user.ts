import { tellsStanding } from './moderated.ts';

export const getAdminSuspendUser = tellsStanding('getAdminSuspendUser', 'suspend', 'suspended');
