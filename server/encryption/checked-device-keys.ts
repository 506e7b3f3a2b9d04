import type { OnDevice } from '../protocol/caller.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/json.ts';
import { badJson, invalidParam, tooLarge } from '../protocol/matrix-error.ts';
import { verifyJson } from '../protocol/signatures.ts';
import { verifyKeyFrom } from '../protocol/signing-keys.ts';

const LENGTH_MAX = 65_536;

/**
 * The keys of the device that uploads them, complete, and signed by itself if they say so. Unsigned ones are taken: other
 * clients make nothing of them (end-to-end encryption, "Device keys"). Without `unsigned`, which is the server's to give.
 */
export function checkedDeviceKeys(
  { userId, deviceId }: Pick<OnDevice, 'userId' | 'deviceId'>,
  { unsigned: _unsigned, ...keys }: JsonObject,
): JsonObject {
  if (keys.user_id !== userId || keys.device_id !== deviceId)
    throw invalidParam('device_keys must name the user and the device that upload them');
  const { algorithms, signatures } = keys;
  if (!Array.isArray(algorithms) || !algorithms.every(isText))
    throw badJson('device_keys.algorithms must be a list of strings');
  if (!isTexts(keys.keys)) throw badJson('device_keys.keys must be an object of strings');
  if (!isObject(signatures) || !Object.values(signatures).every(isTexts))
    throw badJson('device_keys.signatures must have an object of strings for each user');
  refuseForged(keys, { userId, keyId: `ed25519:${deviceId}` });
  if (JSON.stringify(keys).length > LENGTH_MAX) throw tooLarge('device_keys are too large');
  return keys;
}

function refuseForged(
  keys: JsonObject,
  { userId, keyId }: { userId: UserId; keyId: `ed25519:${string}` },
): void {
  const named = valueAt(keys.keys, keyId);
  const key = typeof named === 'string' ? verifyKeyFrom(named) : undefined;
  if (!key) throw invalidParam(`device_keys.keys must have the Ed25519 key ${keyId}`);
  const isSigned = valueAt(valueAt(keys.signatures, userId), keyId) !== undefined;
  if (isSigned && !verifyJson(keys, userId, keyId, key))
    throw invalidParam(`The signature of device_keys by ${keyId} is not right`);
}

const isText = (value: JsonValue | undefined): value is string => typeof value === 'string';

const isTexts = (value: JsonValue | undefined): value is JsonObject =>
  isObject(value) && Object.values(value).every(isText);

/** Of its own: a device may be called `__proto__`. */
const valueAt = (value: JsonValue | undefined, name: string): JsonValue | undefined =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
