import type { Stored } from '../accounts/ports.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import {
  type CrossSigningKeyRow,
  type CrossSigningUsage,
  crossSigningKeysOf,
} from '../storage/encryption/cross-signing.ts';
import { type DeviceKeysRow, deviceKeysOf } from '../storage/encryption/device-keys.ts';
import { type KeySignature, keySignaturesOn } from '../storage/encryption/key-signatures.ts';
import { publicKeyOf } from './cross-signing-key.ts';

/** By user, the wanted devices; none means all. */
export type WantedKeys = ReadonlyMap<UserId, readonly string[]>;

/** Devices' and cross-signing keys as `reader` may see them: the body of POST /keys/query. */
export async function queryKeys(
  { database }: Pick<Stored, 'database'>,
  wanted: WantedKeys,
  reader: UserId,
): Promise<JsonObject> {
  const userIds = [...wanted.keys()];
  const [devices, crossSigning, signatures] = await Promise.all([
    deviceKeysOf(database, userIds),
    crossSigningKeysOf(database, userIds),
    keySignaturesOn(database, userIds, reader),
  ]);
  const isWanted = ({ userId, deviceId }: DeviceKeysRow) => {
    const ids = wanted.get(userId) ?? [];
    return ids.length === 0 || ids.includes(deviceId);
  };
  const usage = (name: CrossSigningUsage) =>
    keysByUser(
      crossSigning.filter((key) => key.usage === name),
      signatures,
    );
  return {
    device_keys: devicesByUser(userIds, devices.filter(isWanted), signatures),
    master_keys: usage('master'),
    self_signing_keys: usage('self_signing'),
    // Whom one trusts is nobody else's business.
    user_signing_keys: Object.fromEntries(
      Object.entries(usage('user_signing')).filter(([userId]) => userId === reader),
    ),
  };
}

function devicesByUser(
  userIds: readonly UserId[],
  rows: readonly DeviceKeysRow[],
  signatures: readonly KeySignature[],
): JsonObject {
  const byUser = new Map<string, Record<string, JsonObject>>(userIds.map((id) => [id, {}]));
  for (const row of rows) {
    const keys = withSignatures(row.json, row.userId, row.deviceId, signatures);
    const unsigned = row.displayName === null ? {} : { device_display_name: row.displayName };
    byUser.get(row.userId)![row.deviceId] = { ...keys, unsigned };
  }
  return Object.fromEntries(byUser);
}

const keysByUser = (
  rows: readonly CrossSigningKeyRow[],
  signatures: readonly KeySignature[],
): JsonObject =>
  Object.fromEntries(
    rows.map(({ userId, json }) => {
      const keyId = publicKeyOf(JSON.parse(json) as JsonObject) ?? '';
      return [userId, withSignatures(json, userId, keyId, signatures)];
    }),
  );

function withSignatures(
  json: string,
  userId: UserId,
  keyId: string,
  all: readonly KeySignature[],
): JsonObject {
  const object = JSON.parse(json) as JsonObject;
  const later = all.filter((each) => each.targetUserId === userId && each.targetKeyId === keyId);
  if (later.length === 0) return object;
  const signatures: Record<string, JsonObject> = {};
  const before = isObject(object.signatures) ? object.signatures : {};
  for (const [signer, made] of Object.entries(before))
    if (isObject(made)) signatures[signer] = made;
  for (const { signerUserId, signerKeyId, signature } of later)
    signatures[signerUserId] = { ...signatures[signerUserId], [signerKeyId]: signature };
  return { ...object, signatures };
}
