import type { UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { invalidParam } from '../protocol/matrix-error.ts';
import { isKeyId, type KeyId, type VerifyKey, verifyKeyFrom } from '../protocol/signing-keys.ts';
import type { CrossSigningUsage } from '../storage/encryption/cross-signing.ts';

export interface CrossSigningKey {
  readonly usage: CrossSigningUsage;
  readonly object: JsonObject;
  readonly keyId: KeyId;
  /** In Base64: by this, other requests name the key. */
  readonly publicKey: string;
  readonly verifyKey: VerifyKey;
}

/** Throws M_INVALID_PARAM where the object is no key of this user and usage. */
export function parseCrossSigningKey(
  usage: CrossSigningUsage,
  object: JsonObject,
  userId: UserId,
): CrossSigningKey {
  if (object.user_id !== userId) throw invalidParam(`The ${usage} key is of another user`);
  if (!Array.isArray(object.usage) || !object.usage.includes(usage))
    throw invalidParam(`The ${usage} key does not have its usage`);
  const keys = isObject(object.keys) ? Object.entries(object.keys) : [];
  const [keyId, publicKey] = keys[0] ?? [];
  if (keys.length !== 1 || keyId === undefined || !isKeyId(keyId) || typeof publicKey !== 'string')
    throw invalidParam(`The ${usage} key must have exactly one Ed25519 key`);
  const verifyKey = verifyKeyFrom(publicKey);
  if (!verifyKey || keyId !== `ed25519:${publicKey}`)
    throw invalidParam(`The ${usage} key must be an Ed25519 key that is named by itself`);
  return { usage, object, keyId, publicKey, verifyKey };
}

/** Of an uploaded cross-signing key. */
export function publicKeyOf(object: JsonObject): string | undefined {
  const key = isObject(object.keys) ? Object.values(object.keys)[0] : undefined;
  return typeof key === 'string' ? key : undefined;
}
