import type { OnDevice } from '../protocol/caller.ts';
import { isObject, type JsonObject, type JsonValue } from '../protocol/json.ts';
import { invalidParam, tooLarge } from '../protocol/matrix-error.ts';
import { verifyJson } from '../protocol/signatures.ts';
import { verifyKeyFrom } from '../protocol/signing-keys.ts';

const LENGTH_MAX = 65_536;

/**
 * The keys of the device that uploads them, complete and signed by itself: others refuse what is
 * not, and would be told of it again and again. Without `unsigned`, which is the server's to give.
 */
export function checkedDeviceKeys(
  { userId, deviceId }: Pick<OnDevice, 'userId' | 'deviceId'>,
  { unsigned: _unsigned, ...keys }: JsonObject,
): JsonObject {
  if (keys.user_id !== userId || keys.device_id !== deviceId)
    throw invalidParam('device_keys must name the user and the device that upload them');
  if (!Array.isArray(keys.algorithms) || !keys.algorithms.every(isText))
    throw invalidParam('device_keys.algorithms must be a list of strings');
  if (!isObject(keys.keys) || !Object.values(keys.keys).every(isText))
    throw invalidParam('device_keys.keys must be an object of strings');
  const keyId = `ed25519:${deviceId}` as const;
  const named = keys.keys[keyId];
  const key = typeof named === 'string' ? verifyKeyFrom(named) : undefined;
  if (!key) throw invalidParam(`device_keys.keys must have the Ed25519 key ${keyId}`);
  if (!verifyJson(keys, userId, keyId, key))
    throw invalidParam(`device_keys must be signed by ${keyId}`);
  if (JSON.stringify(keys).length > LENGTH_MAX) throw tooLarge('device_keys are too large');
  return keys;
}

const isText = (value: JsonValue): boolean => typeof value === 'string';
