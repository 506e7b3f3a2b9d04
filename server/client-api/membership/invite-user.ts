import { doToAnother } from './do-to-another.ts';

export const inviteUser = doToAnother('inviteUser', 'invite');
