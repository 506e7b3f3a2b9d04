import type { UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { deviceKey, deviceKeys } from './cross-signing.ts';
import type { FreshDatabase } from './postgres.ts';
import { alice } from './rooms.ts';
import type { SyncUnderTest } from './sync.ts';

const PHONES_KEY = deviceKey('PHONE', 1);

type House = SyncUnderTest & { readonly fresh: FreshDatabase };

const caller = { kind: 'user' as const, userId: alice, deviceId: 'PHONE' };
const once = { outcome: () => undefined };

/** As a login does. */
async function haveDevice({ fresh }: House, userId: UserId, deviceId: string) {
  await fresh.database.query(
    'test_device',
    `INSERT INTO device (user_id, device_id, created_ms) VALUES ($1, $2, 0)
     ON CONFLICT DO NOTHING`,
    [userId, deviceId],
  );
}

/** From Alice, to devices that are there. */
export async function sendToDevice(
  house: House,
  mail: ReadonlyMap<UserId, Readonly<Record<string, JsonObject>>>,
) {
  for (const [userId, devices] of mail)
    for (const deviceId of Object.keys(devices)) await haveDevice(house, userId, deviceId);
  await house.encryption.toDevice.send(caller, 'm.test', mail, once);
}

/** As a device does when it uploads its keys. */
export async function changeKeys(house: House, userId: UserId) {
  await haveDevice(house, userId, 'PHONE');
  const upload = {
    deviceKeys: deviceKeys(userId, 'PHONE', PHONES_KEY),
    oneTimeKeys: {},
    fallbackKeys: {},
  };
  await house.encryption.deviceKeys.upload({ ...caller, userId }, upload, once);
}
