import { timingSafeEqual } from 'node:crypto';
import { macOf } from './sealed-json.ts';

const PURPOSE = 'e-mail validation token';

/**
 * What only who reads the mail knows: 256 bits, made of the session's id and a secret of the cluster. So it
 * stands in no table, and a mail that is sent again, at whichever writer there is then, says the same.
 */
export const validationToken = (sid: string, secret: Buffer): string =>
  macOf(PURPOSE, sid, secret).toString('base64url');

export function isValidationToken(token: string, sid: string, secret: Buffer): boolean {
  const [given, right] = [Buffer.from(token, 'base64url'), macOf(PURPOSE, sid, secret)];
  return given.length === right.length && timingSafeEqual(given, right);
}

export const VALIDATION_PAGE = '/_matrix/static/email/confirm';

/** Below where clients reach this server. */
export const validationLink = (publicUrl: string, sid: string, secret: Buffer): string =>
  `${publicUrl}${VALIDATION_PAGE}?${new URLSearchParams({ sid, token: validationToken(sid, secret) })}`;
