import type { PlacedRecord } from '../log/change.ts';
import type { LogRecord } from '../log/records.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import { canonicalJson } from '../protocol/canonical-json.ts';
import { serverNameOf, type UserId } from '../protocol/identifiers.ts';
import { isObject, type JsonObject } from '../protocol/json.ts';
import { badGateway, MatrixError, notFound } from '../protocol/matrix-error.ts';
import { keyIdsOf, verifyJson } from '../protocol/signatures.ts';
import { type KeyId, type VerifyKey, verifyKeyFrom } from '../protocol/signing-keys.ts';
import { crossSigningKeysOf } from '../storage/encryption/cross-signing.ts';
import { deviceKeysOf } from '../storage/encryption/device-keys.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import { type KeySignature, keySignatureRow } from '../storage/encryption/key-signatures.ts';
import type { Row } from '../storage/write.ts';
import type { KeysAbroad, KeysFound } from './abroad/keys-abroad.ts';
import { invalidSignature } from './cross-signing.ts';
import { parseCrossSigningKey, publicKeyOf } from './cross-signing-key.ts';

/** By user, and then by device id or public key, the object with the new signatures. */
export type SignedKeys = ReadonlyMap<UserId, Readonly<Record<string, JsonObject>>>;

/** What a user has published, by device id or public key. */
class Published {
  readonly objects = new Map<string, JsonObject>();
  /** The keys by which the user may sign, by key id. */
  readonly signers = new Map<KeyId, { key: VerifyKey; role: Role }>();
  masterKey: string | undefined;

  add(id: string, object: JsonObject, publicKey: unknown, role: Role) {
    this.objects.set(id, object);
    if (role === 'master') this.masterKey = id;
    const key = typeof publicKey === 'string' ? verifyKeyFrom(publicKey) : undefined;
    if (key) this.signers.set(`ed25519:${id}`, { key, role });
  }
}
type Role = 'device' | 'master' | 'self_signing' | 'user_signing';

/** As long as a client waits for others' keys that it asks for. */
const WITHIN_MS = 10_000;

/** Takes signatures on keys that were published before, here or at another server. */
export class SignatureUpload {
  readonly #stored: Stored;
  readonly #abroad: Pick<KeysAbroad, 'query'>;

  constructor(stored: Stored, abroad: Pick<KeysAbroad, 'query'>) {
    this.#stored = stored;
    this.#abroad = abroad;
  }

  /** What could not be taken, and why: the `failures` of the answer. */
  async upload(signer: UserId, signed: SignedKeys): Promise<JsonObject> {
    const ours = serverNameOf(signer);
    const others = [...signed.keys()].filter((userId) => serverNameOf(userId) !== ours);
    const abroad = await this.#abroad.query(others, { caller: signer, withinMs: WITHIN_MS });
    return this.#stored.locks.run(lockOf(signer), async () => {
      const failures: [UserId, JsonObject][] = [];
      const taken: KeySignature[] = [];
      const published = await this.#publishedBy([signer, ...signed.keys()]);
      addAbroad(published, abroad);
      const by = published.get(signer)!;
      for (const [target, keys] of signed) {
        const refused: [string, JsonObject][] = [];
        for (const [keyId, object] of Object.entries(keys)) {
          try {
            refuseUnanswered(target, abroad);
            const subject = { signer, target, keyId, object };
            taken.push(...signaturesIn(subject, by, published.get(target)!));
          } catch (error) {
            if (!(error instanceof MatrixError)) throw error;
            refused.push([keyId, error.body]);
          }
        }
        if (refused.length > 0) failures.push([target, Object.fromEntries(refused)]);
      }
      if (taken.length > 0) await this.#commit(signer, taken);
      return Object.fromEntries(failures);
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

  async #publishedBy(userIds: readonly UserId[]): Promise<Map<UserId, Published>> {
    const { database } = this.#stored;
    const users = [...new Set(userIds)];
    const [devices, crossSigning] = await Promise.all([
      deviceKeysOf(database, users),
      crossSigningKeysOf(database, users),
    ]);
    const published = new Map(users.map((userId) => [userId, new Published()]));
    for (const { userId, deviceId, json } of devices) {
      const object = JSON.parse(json) as JsonObject;
      const keys = isObject(object.keys) ? object.keys : {};
      published.get(userId)!.add(deviceId, object, keys[`ed25519:${deviceId}`], 'device');
    }
    for (const { userId, usage, json } of crossSigning) {
      const object = JSON.parse(json) as JsonObject;
      const publicKey = publicKeyOf(object) ?? '';
      published.get(userId)!.add(publicKey, object, publicKey, usage);
    }
    return published;
  }
}

/** Their master keys: of others nothing else is signed. What is no key of theirs is left out, and so is there for nobody. */
function addAbroad(published: ReadonlyMap<UserId, Published>, { keys }: KeysFound): void {
  for (const [userId, { crossSigning }] of keys) {
    if (crossSigning.master === undefined) continue;
    const object = JSON.parse(crossSigning.master) as JsonObject;
    try {
      const { publicKey } = parseCrossSigningKey('master', object, userId);
      published.get(userId)!.add(publicKey, object, publicKey, 'master');
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
    }
  }
}

/** Rather than that there is no such key, which a client would not try again. */
function refuseUnanswered(target: UserId, { keys, failures }: KeysFound): void {
  const server = serverNameOf(target);
  if (keys.has(target) || !Object.hasOwn(failures, server)) return;
  throw badGateway(`${server} does not tell the keys of ${target}`);
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
