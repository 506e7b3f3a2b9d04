import type { ServerName } from './identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import type { KnownKey } from './key-validity.ts';
import { keyIdsOf, signJson, verifyJson } from './signatures.ts';
import { isKeyId, type KeyId, type SigningKey, verifyKeyFrom } from './signing-keys.ts';

/** The signing keys of a server, as it published them itself (server-server API, "Retrieving server keys"). */
export interface ServerKeys {
  readonly json: JsonObject;
  readonly validUntilTs: number;
  readonly keys: ReadonlyMap<KeyId, KnownKey>;
}

/** What a server of ours signs with, and what it signed with before. */
export interface OwnKeys {
  readonly current: SigningKey;
  readonly old: readonly OldKey[];
}

export interface OldKey {
  readonly keyId: KeyId;
  readonly publicKey: string;
  /** Of events after that time it vouches for none. */
  readonly expiredTs: number;
}

/** Of one server. Nobody needs more; each takes a place in memory. */
export const KEYS_MAX = 32;
/** Longer names find no place in an index. */
const KEY_ID_LENGTH_MAX = 255;

/** Why it is none, for the log; else the keys, which are the server's own by its signature. */
export function parseServerKeys(json: JsonValue, serverName: ServerName): ServerKeys | string {
  if (!isObject(json)) return 'it is no object';
  if (json.server_name !== serverName) return 'it is of another server';
  const { valid_until_ts: validUntilTs, verify_keys: current, old_verify_keys: old = {} } = json;
  if (typeof validUntilTs !== 'number' || !Number.isSafeInteger(validUntilTs))
    return 'its valid_until_ts is no time';
  if (!isObject(current) || !isObject(old)) return 'its keys are no objects';
  if (Object.keys(current).length + Object.keys(old).length > KEYS_MAX)
    return `it has more than ${KEYS_MAX} keys`;
  const used = knownKeys(current, validUntilTs, () => ({}));
  const isProved = keyIdsOf(json, serverName).some((keyId) => {
    const known = used.get(keyId);
    return known !== undefined && verifyJson(json, serverName, keyId, known.key);
  });
  if (!isProved) return 'none of its own keys has signed it';
  const expired = knownKeys(old, validUntilTs, ({ expired_ts: at }) =>
    typeof at === 'number' && Number.isSafeInteger(at) ? { expiredTs: at } : undefined,
  );
  return { json, validUntilTs, keys: new Map([...expired, ...used]) };
}

export const publishedKeys = (
  serverName: ServerName,
  { current, old }: OwnKeys,
  validUntilTs: number,
): JsonObject =>
  signJson(
    {
      // In the order of canonical JSON: some verify what came, and not what they make of it.
      old_verify_keys: oldVerifyKeys(
        old.toSorted((one, other) => (one.keyId < other.keyId ? -1 : 1)),
      ),
      server_name: serverName,
      valid_until_ts: validUntilTs,
      verify_keys: { [current.keyId]: { key: current.publicKey } },
    },
    serverName,
    current,
  );

/** In the order given. */
export const oldVerifyKeys = (old: readonly OldKey[]): JsonObject =>
  Object.fromEntries(
    old.map(({ keyId, publicKey, expiredTs }) => [
      keyId,
      { expired_ts: expiredTs, key: publicKey },
    ]),
  );

function knownKeys(
  named: JsonObject,
  validUntilTs: number,
  ended: (said: JsonObject) => { expiredTs?: number } | undefined,
): Map<KeyId, KnownKey> {
  const known = new Map<KeyId, KnownKey>();
  for (const [keyId, said] of Object.entries(named)) {
    const key =
      isObject(said) && typeof said.key === 'string' ? verifyKeyFrom(said.key) : undefined;
    const end = isObject(said) ? ended(said) : undefined;
    if (isKeyId(keyId) && keyId.length <= KEY_ID_LENGTH_MAX && key && end)
      known.set(keyId, { key, validUntilTs, ...end });
  }
  return known;
}
