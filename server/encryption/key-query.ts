import type { UserId } from '../protocol/identifiers.ts';
import {
  crossSigningText,
  type PublishedKeys,
  SignaturesByKey,
  type UserKeys,
  withSignatures,
} from './published-keys.ts';

/** By user, the wanted devices; none means all. */
export type WantedKeys = ReadonlyMap<UserId, readonly string[]>;

/** By key of the answer to POST /keys/query, as JSON: most keys go out as the text that came in. */
export type KeysText = Readonly<Record<(typeof PARTS)[number], string>>;

const PARTS = ['device_keys', 'master_keys', 'self_signing_keys', 'user_signing_keys'] as const;

/**
 * Devices' and cross-signing keys as `reader` may see them; undefined for another server. Of users of other servers
 * `abroad` has what these answered.
 */
export async function queryKeys(
  { published, abroad = NOBODY }: { published: PublishedKeys; abroad?: KeysAbroad | undefined },
  wanted: WantedKeys,
  reader: UserId | undefined,
): Promise<KeysText> {
  const userIds = [...wanted.keys()];
  const [own, signatures] = await Promise.all([
    published.of(userIds.filter((userId) => !abroad.has(userId))),
    reader === undefined ? new SignaturesByKey([]) : published.signaturesOf(reader, userIds),
  ]);
  const parts = { device_keys: [], master_keys: [], self_signing_keys: [], user_signing_keys: [] };
  const told: Record<(typeof PARTS)[number], string[]> = parts;
  for (const [userId, deviceIds] of wanted) {
    const of = abroad.get(userId) ?? own.get(userId)!;
    const name = JSON.stringify(userId);
    told.device_keys.push(`${name}:${devicesText(userId, of, { deviceIds, signatures })}`);
    const { master, self_signing, user_signing } = of.crossSigning;
    const text = (json: string) => `${name}:${crossSigningText({ userId, json }, signatures)}`;
    if (master !== undefined) told.master_keys.push(text(master));
    if (self_signing !== undefined) told.self_signing_keys.push(text(self_signing));
    // Whom one trusts is nobody else's business.
    if (user_signing !== undefined && userId === reader)
      told.user_signing_keys.push(text(user_signing));
  }
  return Object.fromEntries(PARTS.map((part) => [part, `{${told[part].join()}}`])) as KeysText;
}

type KeysAbroad = ReadonlyMap<UserId, UserKeys>;
const NOBODY: KeysAbroad = new Map();

function devicesText(
  userId: UserId,
  { devices }: UserKeys,
  { deviceIds, signatures }: { deviceIds: readonly string[]; signatures: SignaturesByKey },
): string {
  const chosen = deviceIds.length > 0 ? new Set(deviceIds) : undefined;
  const told: string[] = [];
  for (const [deviceId, json] of devices) {
    if (chosen?.has(deviceId) === false) continue;
    const text = withSignatures(json, signatures.on(userId, deviceId));
    told.push(`${JSON.stringify(deviceId)}:${text}`);
  }
  return `{${told.join()}}`;
}
