import { doToAnother } from './do-to-another.ts';

export const unban = doToAnother('unban', 'unban');
