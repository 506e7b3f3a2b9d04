import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Authenticated encryption with one key for one purpose. */
export interface Seal {
  seal(plain: Buffer): Buffer;
  /** Throws for what was not sealed with this key and purpose. */
  open(sealed: Buffer): Buffer;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM; each purpose has a key of its own, so what is sealed for one cannot be opened as another. */
export function sealFor(purpose: string, secret: Buffer): Seal {
  const key = derivedSecret(`seal ${purpose}`, secret);
  return {
    seal(plain) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    open(sealed) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES));
      decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const body = sealed.subarray(NONCE_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]);
    },
  };
}

/** 32 bytes that tell nothing of the secret, nor of those for another purpose (HKDF). */
export const derivedSecret = (purpose: string, secret: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', `farol ${purpose}`, 32));
