import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { type CrossSigningUsage, crossSigningKeysOf } from '../storage/encryption/cross-signing.ts';
import { type DeviceKeysRow, deviceKeysOf } from '../storage/encryption/device-keys.ts';
import { type KeySignature, keySignaturesOn } from '../storage/encryption/key-signatures.ts';
import { publicKeyOf } from './cross-signing-key.ts';

/** By user, the wanted devices; none means all. */
export type WantedKeys = ReadonlyMap<UserId, readonly string[]>;

/** By key of the answer to POST /keys/query, as JSON: most keys go out as the text that came in. */
export type KeysText = Readonly<Record<(typeof PARTS)[number], string>>;

const PARTS = ['device_keys', 'master_keys', 'self_signing_keys', 'user_signing_keys'] as const;

/** Devices' and cross-signing keys as `reader` may see them. */
export async function queryKeys(
  { database }: Pick<Stored, 'database'>,
  wanted: WantedKeys,
  reader: UserId,
): Promise<KeysText> {
  const userIds = [...wanted.keys()];
  const [devices, crossSigning, made] = await Promise.all([
    deviceKeysOf(database, userIds),
    crossSigningKeysOf(database, userIds),
    keySignaturesOn(database, userIds, reader),
  ]);
  const signatures = new SignaturesByKey(made);
  const byUsage = (usage: CrossSigningUsage) =>
    crossSigning
      .filter((key) => key.usage === usage)
      .map(({ userId, json }) => [userId, crossSigningText(userId, json, signatures)] as const);
  return {
    device_keys: devicesText(wanted, devices, signatures),
    master_keys: objectText(byUsage('master')),
    self_signing_keys: objectText(byUsage('self_signing')),
    // Whom one trusts is nobody else's business.
    user_signing_keys: objectText(byUsage('user_signing').filter(([userId]) => userId === reader)),
  };
}

/** Those that came behind their key. Found by it: looking through all for each is quadratic. */
class SignaturesByKey {
  readonly #byKey = new Map<string, KeySignature[]>();

  constructor(all: readonly KeySignature[]) {
    for (const each of all) {
      const name = `${each.targetUserId}\0${each.targetKeyId}`;
      const known = this.#byKey.get(name);
      if (known) known.push(each);
      else this.#byKey.set(name, [each]);
    }
  }

  on(userId: UserId, keyId: string): readonly KeySignature[] {
    return this.#byKey.size === 0 ? [] : (this.#byKey.get(`${userId}\0${keyId}`) ?? []);
  }
}

function devicesText(
  wanted: WantedKeys,
  rows: readonly DeviceKeysRow[],
  signatures: SignaturesByKey,
): string {
  const byUser = new Map<UserId, [string, string][]>();
  const chosen = new Map<UserId, ReadonlySet<string>>();
  for (const [userId, deviceIds] of wanted) {
    byUser.set(userId, []);
    if (deviceIds.length > 0) chosen.set(userId, new Set(deviceIds));
  }
  for (const row of rows) {
    const { userId, deviceId } = row;
    if (chosen.get(userId)?.has(deviceId) === false) continue;
    byUser.get(userId)!.push([deviceId, deviceText(row, signatures.on(userId, deviceId))]);
  }
  return objectText([...byUser].map(([userId, devices]) => [userId, objectText(devices)] as const));
}

function deviceText({ json, displayName }: DeviceKeysRow, later: readonly KeySignature[]): string {
  const unsigned = displayName === null ? {} : { device_display_name: displayName };
  if (later.length > 0 || json.length <= 2 || json.includes('"unsigned"'))
    return JSON.stringify({ ...withSignatures(json, later), unsigned });
  return `${json.slice(0, -1)},"unsigned":${JSON.stringify(unsigned)}}`;
}

function crossSigningText(userId: UserId, json: string, signatures: SignaturesByKey): string {
  const keyId = publicKeyOf(JSON.parse(json) as JsonObject) ?? '';
  const later = signatures.on(userId, keyId);
  return later.length > 0 ? JSON.stringify(withSignatures(json, later)) : json;
}

function withSignatures(json: string, later: readonly KeySignature[]): JsonObject {
  const object = JSON.parse(json) as JsonObject;
  if (later.length === 0) return object;
  const before = isObject(object.signatures) ? Object.entries(object.signatures) : [];
  const bySigner = new Map(
    before.filter((each): each is [string, JsonObject] => isObject(each[1])),
  );
  for (const { signerUserId, signerKeyId, signature } of later)
    bySigner.set(signerUserId, { ...bySigner.get(signerUserId), [signerKeyId]: signature });
  return { ...object, signatures: Object.fromEntries(bySigner) };
}

/** `Object.fromEntries` and then JSON, without the parsing of what is JSON already. */
const objectText = (entries: readonly (readonly [key: string, json: string])[]): string =>
  `{${entries.map(([key, json]) => `${JSON.stringify(key)}:${json}`).join()}}`;
