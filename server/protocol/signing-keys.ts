import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { decodeBase64, unpaddedBase64 } from './base64.ts';

/** `ed25519:` and a version of letters, digits and underscores. */
export type KeyId = `ed25519:${string}`;

export interface SigningKey {
  readonly keyId: KeyId;
  readonly privateKey: KeyObject;
  /** As published under `verify_keys`. */
  readonly publicKey: string;
}

export type VerifyKey = KeyObject;

/** Keys of algorithms that we do not know are skipped, never an error (appendices, step 2). */
export const isKeyId = (text: string): text is KeyId => /^ed25519:[^\0]+$/.test(text);

/** From the 32 bytes that are an Ed25519 key's whole secret. */
export const signingKeyFromSeed = (keyId: KeyId, seed: Uint8Array): SigningKey => {
  if (seed.length !== 32) throw new RangeError('the seed of an Ed25519 key has 32 bytes');
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { keyId, privateKey, publicKey: unpaddedBase64(spki.subarray(SPKI_PREFIX.length)) };
};

/**
 * Of 32 bytes in Base64; undefined if it is no key. Making a KeyObject takes as long as half a
 * verification, and the same few servers sign nearly everything, so the last ones are kept.
 */
export const verifyKeyFrom = (publicKey: string): VerifyKey | undefined => {
  const known = cache.get(publicKey);
  if (known) return known;
  const bytes = decodeBase64(publicKey);
  if (bytes?.length !== 32) return undefined;
  const der = Buffer.concat([SPKI_PREFIX, bytes]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (cache.size >= CACHED_KEYS_MAX) cache.delete(cache.keys().next().value!);
  cache.set(publicKey, key);
  return key;
};

/** The DER of an Ed25519 key is a constant and the key's bytes (RFC 8410, sections 4 and 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

const CACHED_KEYS_MAX = 4096;
const cache = new Map<string, VerifyKey>();
