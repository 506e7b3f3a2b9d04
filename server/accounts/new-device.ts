import type { UserId } from '../protocol/identifiers.ts';
import { forbidden } from '../protocol/matrix-error.ts';
import type { Device } from '../storage/accounts/devices.ts';
import type { Database } from '../storage/database.ts';
import { crossSigningKeysOf } from '../storage/encryption/cross-signing.ts';

/** Others' requests go to each of them, and each has keys: more are no person's, nor a bot's that logs out. */
const DEVICES_MAX = 1_000;

/** To be called with the user's lock held: refuses one device more where there are as many as may be. */
export function refuseTooMany(known: readonly Device[]): void {
  if (known.length >= DEVICES_MAX)
    throw forbidden(`An account has at most ${DEVICES_MAX} devices: log out of some first`);
}

/** Signatures are kept by device id or public key: one must not pass for the other. */
export async function refuseKeyAsDevice(database: Database, userId: UserId, deviceId: string) {
  const keys = await crossSigningKeysOf(database, [userId]);
  if (keys.some((key) => key.json.includes(JSON.stringify(`ed25519:${deviceId}`))))
    throw forbidden('The device id is that of a cross-signing key');
}
