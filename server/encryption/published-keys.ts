import { Followed } from '../log/followed.ts';
import type { StoredReader } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import {
  type CrossSigningKeyRow,
  type CrossSigningUsage,
  crossSigningKeysOf,
} from '../storage/encryption/cross-signing.ts';
import { type DeviceKeysRow, deviceKeysOf } from '../storage/encryption/device-keys.ts';
import {
  type KeySignature,
  keySignaturesOn,
  usersSignedBy,
} from '../storage/encryption/key-signatures.ts';
import { publicKeyOf } from './cross-signing-key.ts';

/** What a user shows of keys, as JSON: with their own signatures, and without those of others. */
export interface UserKeys {
  readonly devices: ReadonlyMap<string, string>;
  readonly crossSigning: Readonly<Partial<Record<CrossSigningUsage, string>>>;
}

const KEYS_BYTES_MAX = 32 * 1_048_576;
const SIGNED_BYTES_MAX = 4 * 1_048_576;

/** Asked for by all who share a room with a user, and changed a few times a year: kept as text. */
export class PublishedKeys {
  readonly #stored: StoredReader;
  readonly #keys = new Followed<UserId, UserKeys>({ bytesMax: KEYS_BYTES_MAX, bytesOf });
  readonly #signed = new Followed<UserId, ReadonlySet<UserId>>({
    bytesMax: SIGNED_BYTES_MAX,
    bytesOf: (users) => ENTRY_BYTES + users.size * ENTRY_BYTES,
  });

  constructor(stored: StoredReader) {
    this.#stored = stored;
    stored.log.onCommitted((records) => {
      for (const { record } of records) {
        if (record.kind === 'device-list') this.#keys.changed(record.userId);
        if (record.kind === 'key-signature') this.#signed.changed(record.userId);
      }
    });
  }

  of(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, UserKeys>> {
    return this.#keys.of(userIds, (missing) => this.#read(missing));
  }

  /** What `reader` has signed of the keys of these others, which nobody else is to see. */
  async signaturesOf(reader: UserId, userIds: readonly UserId[]): Promise<SignaturesByKey> {
    const all = await this.#signed.of([reader], async () => {
      const users = await usersSignedBy(this.#stored.database, reader);
      return new Map([[reader, new Set(users)]]);
    });
    // Of keys that are gone since, they are gone too: so what was signed is read at each time.
    const signed = userIds.filter((userId) => all.get(reader)!.has(userId));
    if (signed.length === 0) return new SignaturesByKey([]);
    return new SignaturesByKey(await keySignaturesOn(this.#stored.database, signed, reader));
  }

  async #read(userIds: readonly UserId[]): Promise<Map<UserId, UserKeys>> {
    const { database } = this.#stored;
    const [devices, crossSigning, made] = await Promise.all([
      deviceKeysOf(database, userIds),
      crossSigningKeysOf(database, userIds),
      keySignaturesOn(database, userIds, null),
    ]);
    const signatures = new SignaturesByKey(made);
    const users = new Map(userIds.map((userId) => [userId, new Told()]));
    for (const row of devices) {
      const text = deviceText(row, signatures.on(row.userId, row.deviceId));
      users.get(row.userId)!.devices.set(row.deviceId, text);
    }
    for (const row of crossSigning)
      users.get(row.userId)!.crossSigning[row.usage] = crossSigningText(row, signatures);
    return users;
  }
}

class Told implements UserKeys {
  readonly devices = new Map<string, string>();
  readonly crossSigning: Partial<Record<CrossSigningUsage, string>> = {};
}

/** Those that came behind their key. Found by it: looking through all for each is quadratic. */
export class SignaturesByKey {
  readonly #byKey = new Map<string, KeySignature[]>();

  constructor(all: readonly KeySignature[]) {
    for (const each of all) {
      const name = `${each.targetUserId}\0${each.targetKeyId}`;
      const known = this.#byKey.get(name);
      if (known) known.push(each);
      else this.#byKey.set(name, [each]);
    }
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  on(userId: UserId, keyId: string): readonly KeySignature[] {
    return this.isEmpty ? [] : (this.#byKey.get(`${userId}\0${keyId}`) ?? []);
  }
}

function deviceText({ json, displayName }: DeviceKeysRow, own: readonly KeySignature[]): string {
  const unsigned = displayName === null ? {} : { device_display_name: displayName };
  if (own.length > 0 || json.length <= 2 || json.includes('"unsigned"'))
    return JSON.stringify({ ...(JSON.parse(withSignatures(json, own)) as JsonObject), unsigned });
  return `${json.slice(0, -1)},"unsigned":${JSON.stringify(unsigned)}}`;
}

/** Of a cross-signing key, which signatures know by what it is. */
export function crossSigningText(
  { userId, json }: Pick<CrossSigningKeyRow, 'userId' | 'json'>,
  signatures: SignaturesByKey,
): string {
  if (signatures.isEmpty) return json;
  return withSignatures(
    json,
    signatures.on(userId, publicKeyOf(JSON.parse(json) as JsonObject) ?? ''),
  );
}

export function withSignatures(json: string, later: readonly KeySignature[]): string {
  if (later.length === 0) return json;
  const object = JSON.parse(json) as JsonObject;
  const before = isObject(object.signatures) ? Object.entries(object.signatures) : [];
  const bySigner = new Map(
    before.filter((each): each is [string, JsonObject] => isObject(each[1])),
  );
  for (const { signerUserId, signerKeyId, signature } of later)
    bySigner.set(signerUserId, { ...bySigner.get(signerUserId), [signerKeyId]: signature });
  return JSON.stringify({ ...object, signatures: Object.fromEntries(bySigner) });
}

/** A string, and its place in a map. */
const ENTRY_BYTES = 150;

/** Keys are ASCII but for what was put beside them, so mostly one byte a character. */
export function bytesOf({ devices, crossSigning }: UserKeys): number {
  let bytes = 2 * ENTRY_BYTES;
  for (const [deviceId, text] of devices) bytes += ENTRY_BYTES + deviceId.length + text.length;
  for (const text of Object.values(crossSigning)) bytes += ENTRY_BYTES + text.length;
  return bytes;
}
