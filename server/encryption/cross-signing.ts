import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { forbidden, MatrixError, missingParam } from '../protocol/matrix-error.ts';
import { verifyJson } from '../protocol/signatures.ts';
import { devicesOf } from '../storage/accounts/devices.ts';
import {
  type CrossSigningUsage,
  crossSigningKeyRow,
  crossSigningKeysOf,
} from '../storage/encryption/cross-signing.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import { keySignaturesGoneRow } from '../storage/encryption/key-signatures.ts';
import { type CrossSigningKey, parseCrossSigningKey } from './cross-signing-key.ts';

export type UploadedKeys = Readonly<Partial<Record<CrossSigningUsage, JsonObject>>>;

const USAGES: readonly CrossSigningUsage[] = ['master', 'self_signing', 'user_signing'];

/** The three keys by which a user vouches for their own devices and for other people. */
export class CrossSigning {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  /**
   * True if the user must authenticate for it: whoever may replace the keys can pass for the user.
   * A first upload is free, and so is the same upload again.
   */
  async needsAuthentication(userId: UserId, uploaded: UploadedKeys): Promise<boolean> {
    const there = await this.#keysOf(userId);
    if (!there.master) return false;
    return uploaded.master === undefined || changedUsages(there, uploaded).length > 0;
  }

  async upload(userId: UserId, uploaded: UploadedKeys, once: Once): Promise<void> {
    await this.#stored.locks.run(lockOf(userId), async () => {
      const there = await this.#keysOf(userId);
      const changed = changedUsages(there, uploaded);
      if (changed.length === 0) return;
      const keys = parseAll(userId, there, uploaded, changed);
      await this.#refuseDeviceIds(userId, keys);
      await this.#commit(userId, { there, keys }, once);
    });
  }

  async #commit(
    userId: UserId,
    { there, keys }: { there: UploadedKeys; keys: readonly CrossSigningKey[] },
    once: Once,
  ): Promise<void> {
    const replaced = keys.flatMap(({ usage }) => {
      const before = there[usage];
      return before ? [parseCrossSigningKey(usage, before, userId).publicKey] : [];
    });
    await this.#stored.log.commit((next) => {
      const position = next();
      const rows = [
        ...replaced.map((publicKey) => keySignaturesGoneRow(userId, publicKey)),
        ...keys.map(({ usage, object }) =>
          crossSigningKeyRow({ userId, usage, json: JSON.stringify(object) }),
        ),
        deviceListRow(userId, position),
      ];
      const records = [{ position, record: { kind: 'device-list', userId } as const }];
      const outcome = once.outcome(200, {});
      return { change: { rows, records, outcome, touches: [] }, value: undefined };
    });
  }

  async #keysOf(userId: UserId): Promise<UploadedKeys> {
    const rows = await crossSigningKeysOf(this.#stored.database, [userId]);
    return Object.fromEntries(rows.map(({ usage, json }) => [usage, JSON.parse(json)]));
  }

  /** Signatures are kept by device id or public key: one must not pass for the other. */
  async #refuseDeviceIds(userId: UserId, keys: readonly CrossSigningKey[]) {
    const devices = await devicesOf(this.#stored.database, userId);
    const isDevice = (key: CrossSigningKey) =>
      devices.some((device) => device.deviceId === key.publicKey);
    if (keys.some(isDevice)) throw forbidden('One of the keys is named like a device');
  }
}

const changedUsages = (there: UploadedKeys, uploaded: UploadedKeys): CrossSigningUsage[] =>
  USAGES.filter((usage) => {
    const [before, after] = [there[usage], uploaded[usage]];
    return after !== undefined && (before === undefined || !isSame(before, after));
  });

/** The two others must be signed by the master key that will stand then. */
function parseAll(
  userId: UserId,
  there: UploadedKeys,
  uploaded: UploadedKeys,
  changed: readonly CrossSigningUsage[],
): CrossSigningKey[] {
  const masterObject = uploaded.master ?? there.master;
  if (!masterObject) throw missingParam('There is no master key');
  const master = parseCrossSigningKey('master', masterObject, userId);
  const keys = changed.map((usage) => parseCrossSigningKey(usage, uploaded[usage]!, userId));
  for (const { usage, object } of keys) {
    if (usage !== 'master' && !verifyJson(object, userId, master.keyId, master.verifyKey))
      throw invalidSignature(`The ${usage} key is not signed by the master key`);
  }
  return keys;
}

export const invalidSignature = (message: string) =>
  new MatrixError(400, 'M_INVALID_SIGNATURE', message);

const isSame = (one: JsonObject, other: JsonObject): boolean =>
  canonicalJson(one, 'as-found') === canonicalJson(other, 'as-found');
