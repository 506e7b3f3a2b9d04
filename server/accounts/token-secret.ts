import { hash, randomBytes, randomInt } from 'node:crypto';

/** 256 bits by chance. The prefix lets scanners for leaked secrets recognize it. */
export const newSecret = (kind: 'access' | 'refresh' | 'login'): string =>
  `farol_${kind}_${randomBytes(32).toString('base64url')}`;

/**
 * In Base64. A secret with 256 bits of chance needs no slow hash and no salt; and since this runs
 * on every request, it is the one-shot form, which takes a fifth of a Hash object's 20 us.
 */
export const hashOfSecret = (secret: string): string => hash('sha256', secret, 'base64');

export const hashBytes = (secret: string): Buffer => Buffer.from(hashOfSecret(secret), 'base64');

const DEVICE_ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

export const newDeviceId = (): string =>
  Array.from({ length: 10 }, () => DEVICE_ID_LETTERS[randomInt(DEVICE_ID_LETTERS.length)]).join('');
