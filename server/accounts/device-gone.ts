import type { UserId } from '../protocol/identifiers.ts';
import { accessTokenGoneRow } from '../storage/accounts/access-tokens.ts';
import { deviceGoneRow } from '../storage/accounts/devices.ts';
import { type Pusher, pusherGoneRow } from '../storage/accounts/pushers.ts';
import { upstreamSessionGoneRow } from '../storage/accounts/upstream-sessions.ts';
import { dehydratedDeviceGoneRow } from '../storage/encryption/dehydrated-devices.ts';
import { deviceKeysGoneRow } from '../storage/encryption/device-keys.ts';
import { fallbackKeysGoneRow } from '../storage/encryption/fallback-keys.ts';
import { keySignaturesGoneRow } from '../storage/encryption/key-signatures.ts';
import { oneTimeKeysGoneRow } from '../storage/encryption/one-time-keys.ts';
import { toDeviceGoneRow } from '../storage/encryption/to-device.ts';
import type { Row } from '../storage/write.ts';

/** A device goes with all that it had: tokens, keys, mail, pushers, and what the next one would wake it with. */
export const deviceGoneRows = (device: {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly tokenIds: readonly number[];
  readonly pushers: readonly Pusher[];
}): Row[] => {
  const { userId, deviceId } = device;
  return [
    deviceGoneRow(userId, deviceId),
    upstreamSessionGoneRow(userId, deviceId),
    ...device.tokenIds.map(accessTokenGoneRow),
    ...device.pushers.map(pusherGoneRow),
    deviceKeysGoneRow(userId, deviceId),
    oneTimeKeysGoneRow(userId, deviceId),
    fallbackKeysGoneRow(userId, deviceId),
    keySignaturesGoneRow(userId, deviceId),
    dehydratedDeviceGoneRow(userId, deviceId),
    toDeviceGoneRow(userId, deviceId, Number.MAX_SAFE_INTEGER),
  ];
};
