import { doToAnother } from './do-to-another.ts';

export const kick = doToAnother('kick', 'kick');
