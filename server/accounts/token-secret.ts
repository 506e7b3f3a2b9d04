import { createHash, randomBytes, randomInt } from 'node:crypto';

/** 256 bits by chance. The prefix lets scanners for leaked secrets recognize it. */
export const newSecret = (kind: 'access' | 'refresh'): string =>
  `farol_${kind}_${randomBytes(32).toString('base64url')}`;

/** A secret with 256 bits of chance needs no slow hash and no salt. */
export const hashOfSecret = (secret: string): Buffer =>
  createHash('sha256').update(secret).digest();

const DEVICE_ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

export const newDeviceId = (): string =>
  Array.from({ length: 10 }, () => DEVICE_ID_LETTERS[randomInt(DEVICE_ID_LETTERS.length)]).join('');
