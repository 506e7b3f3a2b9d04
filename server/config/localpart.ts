import { parseUserId } from '../protocol/identifiers.ts';

/** As a name that people may have is. */
export const isLocalpart = (text: string): boolean =>
  /^[a-z0-9._=/+-]+$/.test(text) && parseUserId(`@${text}:x`).ok;
