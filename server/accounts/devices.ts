import { lockDeviceKeys } from '../log/device-locks.ts';
import type { Once } from '../log/outcomes.ts';
import { lockOf, type Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import { invalidParam, notFound } from '../protocol/matrix-error.ts';
import { tokensOf } from '../storage/accounts/access-tokens.ts';
import { type Device, deviceRow, devicesOf } from '../storage/accounts/devices.ts';
import { pushersOf } from '../storage/accounts/pushers.ts';
import { deviceListRow } from '../storage/encryption/device-lists.ts';
import type { Row } from '../storage/write.ts';
import { deviceGoneRows } from './device-gone.ts';
import { refuseKeyAsDevice, refuseTooMany } from './new-device.ts';
import { loginsChanged } from './sessions.ts';

export type { Device } from '../storage/accounts/devices.ts';

/** The devices of accounts: their names, and their end. */
export class Devices {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  list(userId: UserId): Promise<readonly Device[]> {
    return devicesOf(this.#stored.database, userId);
  }

  async get(userId: UserId, deviceId: string): Promise<Device> {
    const device = (await this.list(userId)).find((each) => each.deviceId === deviceId);
    if (!device) throw notFound('There is no such device');
    return device;
  }

  /** Others see the name with the device's keys, so their lists change with it. */
  async rename(userId: UserId, deviceId: string, displayName: string | null): Promise<void> {
    await this.#stored.locks.run(lockOf(userId), async () => {
      const { createdMs } = await this.get(userId, deviceId);
      const row = deviceRow({ userId, deviceId, displayName, createdMs });
      await this.#commit(userId, [row], { isLogout: false });
    });
  }

  /** On which nobody is logged in. False if it is there already. */
  async make(
    userId: UserId,
    made: { deviceId: string; displayName: string | null },
  ): Promise<boolean> {
    return this.#stored.locks.run(lockOf(userId), async () => {
      const known = await this.list(userId);
      if (known.some((device) => device.deviceId === made.deviceId)) return false;
      await refuseKeyAsDevice(this.#stored.database, userId, made.deviceId);
      refuseTooMany(known);
      const row = deviceRow({ userId, ...made, createdMs: this.#stored.now() });
      await this.#commit(userId, [row], { isLogout: false });
      return true;
    });
  }

  /** Those that are not there are passed over: a repeat must not fail. */
  async delete(
    userId: UserId,
    deviceIds: readonly string[],
    once?: Once,
    body: JsonObject = {},
  ): Promise<void> {
    await this.#stored.locks.run(lockOf(userId), async () => {
      const isGone = (deviceId: string) => deviceIds.includes(deviceId);
      await this.#takeAway(userId, isGone, (rows) =>
        this.#commit(userId, rows, { isLogout: true, once, body }),
      );
    });
  }

  /**
   * With the user's lock held, and the locks of the keys of both: what puts a device on which nobody
   * is logged in in the place of another, if there is one.
   */
  async replacementRows(
    userId: UserId,
    goneId: string | undefined,
    made: { deviceId: string; displayName: string | null },
  ): Promise<Row[]> {
    const { database, now } = this.#stored;
    const kept = (await this.list(userId)).filter((device) => device.deviceId !== goneId);
    if (kept.some((device) => device.deviceId === made.deviceId))
      throw invalidParam('There is a device of this name already');
    await refuseKeyAsDevice(database, userId, made.deviceId);
    refuseTooMany(kept);
    const gone = goneId === undefined ? [] : await this.#goneRows(userId, [goneId]);
    return [...gone, deviceRow({ userId, ...made, createdMs: now() })];
  }

  async deleteAll(userId: UserId, once?: Once): Promise<void> {
    await this.#stored.locks.run(lockOf(userId), () =>
      this.deleteAllBut(userId, undefined, (rows) =>
        this.#commit(userId, rows, { isLogout: true, once }),
      ),
    );
  }

  /** With the user's lock held. `commit` is given what takes the devices away, to add to it. */
  deleteAllBut(
    userId: UserId,
    keptDeviceId: string | undefined,
    commit: (rows: Row[]) => Promise<void>,
  ): Promise<void> {
    return this.#takeAway(userId, (deviceId) => deviceId !== keptDeviceId, commit);
  }

  /** The devices' keys are held too: an upload in flight would leave keys of a device that is gone. */
  async #takeAway(
    userId: UserId,
    isGone: (deviceId: string) => boolean,
    commit: (rows: Row[]) => Promise<void>,
  ): Promise<void> {
    const devices = await devicesOf(this.#stored.database, userId);
    const gone = devices.map((device) => device.deviceId).filter(isGone);
    const names = gone.map((deviceId) => ({ userId, deviceId }));
    await lockDeviceKeys(this.#stored.locks, names, async () => {
      await commit(await this.#goneRows(userId, gone));
    });
  }

  async #goneRows(userId: UserId, deviceIds: readonly string[]): Promise<Row[]> {
    const { database } = this.#stored;
    const [tokens, pushers] = await Promise.all([
      tokensOf(database, userId),
      pushersOf(database, userId),
    ]);
    return deviceIds.flatMap((deviceId) => {
      const ofDevice = (each: { deviceId: string }) => each.deviceId === deviceId;
      const tokenIds = tokens.filter(ofDevice).map((token) => token.tokenId);
      return deviceGoneRows({ userId, deviceId, tokenIds, pushers: pushers.filter(ofDevice) });
    });
  }

  #commit(
    userId: UserId,
    rows: readonly Row[],
    {
      isLogout,
      once,
      body = {},
    }: { isLogout: boolean; once?: Once | undefined; body?: JsonObject },
  ): Promise<void> {
    return this.#stored.log.commit((next) => {
      const position = next();
      const change = {
        rows: [...rows, deviceListRow(userId, position)],
        records: [
          { position, record: { kind: 'device-list', userId } as const },
          ...(isLogout ? [loginsChanged(userId, next())] : []),
        ],
        outcome: once?.outcome(200, body),
        touches: [],
      };
      return { change, value: undefined };
    });
  }
}
