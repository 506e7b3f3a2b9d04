import { lockOf, type Stored } from '../accounts/ports.ts';
import type { PlacedRecord } from '../log/change.ts';
import type { LogRecord } from '../log/records.ts';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { MatrixError, notFound } from '../protocol/matrix-error.ts';
import { keyIdsOf, verifyJson } from '../protocol/signatures.ts';
import { type KeyId, type VerifyKey, verifyKeyFrom } from '../protocol/signing-keys.ts';
import { crossSigningKeysOf } from '../storage/encryption/cross-signing.ts';
import { deviceKeysOf } from '../storage/encryption/device-keys.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import { type KeySignature, keySignatureRow } from '../storage/encryption/key-signatures.ts';
import type { Row } from '../storage/write.ts';
import { invalidSignature } from './cross-signing.ts';
import { publicKeyOf } from './cross-signing-key.ts';

/** By user, and then by device id or public key, the object with the new signatures. */
export type SignedKeys = ReadonlyMap<UserId, Readonly<Record<string, JsonObject>>>;

/** What users have published, by device id or public key. */
interface Published {
  readonly objects: ReadonlyMap<string, JsonObject>;
  readonly masterKey: string | undefined;
  /** The keys by which the user may sign, by key id. */
  readonly signers: ReadonlyMap<KeyId, { key: VerifyKey; role: Role }>;
}
type Role = 'device' | 'master' | 'self_signing' | 'user_signing';

/** Takes signatures on keys that were published before. */
export class SignatureUpload {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  /** What could not be taken, and why: the `failures` of the answer. */
  async upload(signer: UserId, signed: SignedKeys): Promise<Record<string, JsonObject>> {
    return this.#stored.locks.run(lockOf(signer), async () => {
      const failures: Record<string, Record<string, JsonObject>> = {};
      const taken: KeySignature[] = [];
      const bySigner = await this.#publishedBy(signer);
      for (const [target, keys] of signed) {
        const ofTarget = target === signer ? bySigner : await this.#publishedBy(target);
        for (const [keyId, object] of Object.entries(keys)) {
          try {
            const subject = { signer, target, keyId, object };
            taken.push(...signaturesIn(subject, bySigner, ofTarget));
          } catch (error) {
            if (!(error instanceof MatrixError)) throw error;
            failures[target] = { ...failures[target], [keyId]: error.body };
          }
        }
      }
      if (taken.length > 0) await this.#commit(signer, taken);
      return failures;
    });
  }

  /** What one signs of one's own keys all are told; what one signs of others', only oneself. */
  #commit(signer: UserId, taken: readonly KeySignature[]): Promise<void> {
    return this.#stored.log.commit((next) => {
      const rows: Row[] = [];
      const records: PlacedRecord[] = [];
      for (const target of new Set(taken.map((each) => each.targetUserId))) {
        const position = next();
        const ofTarget = taken.filter((each) => each.targetUserId === target);
        rows.push(...ofTarget.map((each) => keySignatureRow(each, position)));
        if (target === signer) rows.push(deviceListRow(signer, position));
        records.push({ position, record: recordOf(signer, target) });
      }
      return { change: { rows, records, touches: [] }, value: undefined };
    });
  }

  async #publishedBy(userId: UserId): Promise<Published> {
    const [devices, crossSigning] = await Promise.all([
      deviceKeysOf(this.#stored.database, [userId]),
      crossSigningKeysOf(this.#stored.database, [userId]),
    ]);
    const objects = new Map<string, JsonObject>();
    const signers = new Map<KeyId, { key: VerifyKey; role: Role }>();
    const add = (id: string, object: JsonObject, publicKey: unknown, role: Role) => {
      objects.set(id, object);
      const key = typeof publicKey === 'string' ? verifyKeyFrom(publicKey) : undefined;
      if (key) signers.set(`ed25519:${id}`, { key, role });
    };
    for (const { deviceId, json } of devices) {
      const object = JSON.parse(json) as JsonObject;
      const keys = isObject(object.keys) ? object.keys : {};
      add(deviceId, object, keys[`ed25519:${deviceId}`], 'device');
    }
    let masterKey: string | undefined;
    for (const { usage, json } of crossSigning) {
      const object = JSON.parse(json) as JsonObject;
      const publicKey = publicKeyOf(object) ?? '';
      add(publicKey, object, publicKey, usage);
      if (usage === 'master') masterKey = publicKey;
    }
    return { objects, signers, masterKey };
  }
}

const recordOf = (userId: UserId, targetId: UserId): LogRecord =>
  userId === targetId
    ? { kind: 'device-list', userId }
    : { kind: 'key-signature', userId, targetId };

interface Subject {
  readonly signer: UserId;
  readonly target: UserId;
  readonly keyId: string;
  readonly object: JsonObject;
}

function signaturesIn(subject: Subject, by: Published, on: Published): KeySignature[] {
  const { signer, target, keyId, object } = subject;
  const published = on.objects.get(keyId);
  if (!published) throw notFound('There is no such key');
  if (bare(published) !== bare(object)) throw new MatrixError(400, 'M_UNKNOWN', 'The key differs');
  const mine = keyIdsOf(object, signer);
  if (mine.length === 0) throw invalidSignature('There is no signature of yours on it');
  const made = mine.filter((each) => !hasSignature(published, signer, each));
  return made.map((signerKeyId) => {
    const known = by.signers.get(signerKeyId);
    if (!known || !mayVouch(known.role, subject, on))
      throw invalidSignature(`${signerKeyId} may not sign this key`);
    if (!verifyJson(object, signer, signerKeyId, known.key))
      throw invalidSignature(`The signature by ${signerKeyId} is wrong`);
    const signature = signatureText(object, signer, signerKeyId);
    return {
      targetUserId: target,
      targetKeyId: keyId,
      signerUserId: signer,
      signerKeyId,
      signature,
    };
  });
}

/** Devices vouch for the master key, the self-signing key for devices, the user-signing one for people. */
function mayVouch(role: Role, { signer, target, keyId }: Subject, on: Published): boolean {
  const isMaster = keyId === on.masterKey;
  if (signer !== target) return isMaster && role === 'user_signing';
  return isMaster ? role === 'device' || role === 'master' : role === 'self_signing';
}

const bare = ({ signatures: _signatures, unsigned: _unsigned, ...rest }: JsonObject): string =>
  canonicalJson(rest, 'as-found');

const hasSignature = (object: JsonObject, signer: string, keyId: string): boolean =>
  signatureText(object, signer, keyId) !== '';

function signatureText({ signatures }: JsonObject, signer: string, keyId: string): string {
  const made = isObject(signatures) ? signatures[signer] : undefined;
  const text = isObject(made) ? made[keyId] : undefined;
  return typeof text === 'string' ? text : '';
}
