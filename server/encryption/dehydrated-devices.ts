import type { PlacedRecord } from '../log/change.ts';
import { lockDeviceKeys } from '../log/device-locks.ts';
import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { forbidden, invalidParam, notFound, tooLarge } from '../protocol/matrix-error.ts';
import {
  type DehydratedDevice,
  dehydratedDeviceOf,
  dehydratedDeviceRow,
} from '../storage/encryption/dehydrated-devices.ts';
import { deviceKeysRow } from '../storage/encryption/device-keys.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import { fallbackKeyRow } from '../storage/encryption/fallback-keys.ts';
import { oneTimeKeyRow } from '../storage/encryption/one-time-keys.ts';
import { type ToDeviceMessage, toDeviceMessages } from '../storage/encryption/to-device.ts';
import type { Row } from '../storage/write.ts';
import { checkedDeviceKeys } from './checked-device-keys.ts';
import { type KeyUpload, parseKeys } from './device-keys.ts';

/** What the owner of devices does for one that nobody logs in on. */
export interface OwnDevices {
  delete(
    userId: UserId,
    deviceIds: readonly string[],
    once?: Once,
    body?: JsonObject,
  ): Promise<void>;
  replacementRows(
    userId: UserId,
    goneId: string | undefined,
    made: { deviceId: string; displayName: string | null },
  ): Promise<Row[]>;
}

export interface DehydratedDeviceWish extends KeyUpload {
  readonly deviceId: string;
  readonly displayName: string | null;
  readonly deviceKeys: JsonObject;
  readonly deviceData: JsonObject;
}

const DEVICE_DATA_LENGTH_MAX = 65_536;
const MESSAGES_MAX = 100;

/** The device of a user that is asleep on the server, gets mail, and is woken by the next one to log in (MSC3814). */
export class DehydratedDevices {
  readonly #stored: Stored;
  readonly #devices: OwnDevices;

  constructor(stored: Stored, devices: OwnDevices) {
    this.#stored = stored;
    this.#devices = devices;
  }

  async get(userId: UserId): Promise<JsonObject> {
    const { deviceId, deviceData } = await this.#of(userId);
    return { device_id: deviceId, device_data: JSON.parse(deviceData) as JsonObject };
  }

  /** In the place of the one before, which goes with all that it had. */
  async put(userId: UserId, wish: DehydratedDeviceWish, once: Once): Promise<JsonObject> {
    const device = { userId, deviceId: wish.deviceId };
    const checked = { ...wish, deviceKeys: checkedDeviceKeys(device, wish.deviceKeys) };
    const deviceData = JSON.stringify(wish.deviceData);
    if (deviceData.length > DEVICE_DATA_LENGTH_MAX)
      throw tooLarge(`device_data has at most ${DEVICE_DATA_LENGTH_MAX} characters`);
    return this.#stored.locks.run(lockOf(userId), async () => {
      const before = await dehydratedDeviceOf(this.#stored.database, userId);
      if (before?.deviceId === wish.deviceId) return repeated(before, deviceData);
      const both = before ? [before, device] : [device];
      return lockDeviceKeys(this.#stored.locks, both, async () => {
        const gone = await this.#devices.replacementRows(userId, before?.deviceId, wish);
        const rows = [...gone, dehydratedDeviceRow({ ...device, deviceData })];
        return this.#commit(device, checked, { rows, once });
      });
    });
  }

  async delete(userId: UserId, once: Once): Promise<JsonObject> {
    const { deviceId } = await this.#of(userId);
    const body = { device_id: deviceId };
    await this.#devices.delete(userId, [deviceId], once, body);
    return body;
  }

  /** What has come for it. It is kept until the device goes, since waking it may be cut off. */
  async mail(
    userId: UserId,
    deviceId: string,
    from: string | undefined,
  ): Promise<readonly ToDeviceMessage[]> {
    if (deviceId !== (await this.#of(userId)).deviceId)
      throw forbidden('This is not your dehydrated device');
    const after = positionIn(from);
    const range = { after, upTo: Number.MAX_SAFE_INTEGER, limit: MESSAGES_MAX };
    return toDeviceMessages(this.#stored.database, { userId, deviceId }, range);
  }

  async #of(userId: UserId): Promise<DehydratedDevice> {
    const device = await dehydratedDeviceOf(this.#stored.database, userId);
    if (!device) throw notFound('There is no dehydrated device');
    return device;
  }

  #commit(
    device: { userId: UserId; deviceId: string },
    wish: DehydratedDeviceWish,
    { rows, once }: { rows: readonly Row[]; once: Once },
  ): Promise<JsonObject> {
    const { userId, deviceId } = device;
    const oneTimeKeys = parseKeys(device, wish.oneTimeKeys);
    const fallbackKeys = parseKeys(device, wish.fallbackKeys);
    const body = { device_id: deviceId };
    return this.#stored.log.commit((next) => {
      const position = next();
      const records: PlacedRecord[] = [
        { position, record: { kind: 'device-keys', userId, deviceId } },
        { position: next(), record: { kind: 'logins', userId } },
        { position: next(), record: { kind: 'device-list', userId } },
      ];
      const all = [
        ...rows,
        deviceKeysRow(userId, deviceId, JSON.stringify(wish.deviceKeys)),
        ...oneTimeKeys.map((key) => oneTimeKeyRow(key, position)),
        ...fallbackKeys.map((key) => fallbackKeyRow({ ...key, used: false })),
        deviceListRow(userId, records.at(-1)!.position),
      ];
      const outcome = once.outcome(200, body);
      return { change: { rows: all, records, outcome, touches: [] }, value: body };
    });
  }
}

/** What goes and what comes of one name would stand in one batch, whose statements have no order. */
function repeated({ deviceId, deviceData }: DehydratedDevice, offered: string): JsonObject {
  if (deviceData !== offered) throw invalidParam('A new device must have a new name');
  return { device_id: deviceId };
}

function positionIn(from: string | undefined): number {
  if (from === undefined) return 0;
  if (!/^\d{1,15}$/.test(from)) throw invalidParam('This is no token of ours');
  return Number(from);
}
