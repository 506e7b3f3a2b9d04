import { doToAnother } from './do-to-another.ts';

export const ban = doToAnother('ban', 'ban');
