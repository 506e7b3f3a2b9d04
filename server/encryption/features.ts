import type { Stored } from '../log/stored.ts';
import type { UserId } from '../protocol/identifiers.ts';
import type { AskForKeys } from './abroad/key-servers.ts';
import { KeysAbroad } from './abroad/keys-abroad.ts';
import { CrossSigning } from './cross-signing.ts';
import { DehydratedDevices, type OwnDevices } from './dehydrated-devices.ts';
import { DeviceKeys } from './device-keys.ts';
import { deviceListOf } from './device-list.ts';
import { HeldKeys } from './held-keys.ts';
import { BackedUpKeys } from './key-backup/backed-up-keys.ts';
import { KeyBackups } from './key-backup/key-backups.ts';
import { KeyClaims } from './key-claims.ts';
import { queryKeys, type WantedKeys } from './key-query.ts';
import type { Reaches } from './mail.ts';
import { PublishedKeys, type UserKeys } from './published-keys.ts';
import { SignatureUpload } from './signature-upload.ts';
import { ToDevice } from './to-device.ts';

export type EncryptionPorts = ReturnType<typeof encryptionFeatures>['ports'];

/** Everything of this folder, put together. */
export function encryptionFeatures(
  stored: Stored,
  {
    devices,
    reaches,
    askForKeys,
  }: { devices: OwnDevices; reaches: Reaches; askForKeys: AskForKeys },
) {
  const published = new PublishedKeys(stored);
  const held = new HeldKeys(stored);
  const keysAbroad = new KeysAbroad(stored, { askForKeys, reaches, now: stored.now });
  return {
    ports: {
      dehydratedDevices: new DehydratedDevices(stored, devices),
      deviceKeys: new DeviceKeys(stored, held),
      devicesTold: (userId: UserId) =>
        deviceListOf({ published, database: stored.database }, userId),
      keyQuery: (
        wanted: WantedKeys,
        reader: UserId | undefined,
        abroad?: ReadonlyMap<UserId, UserKeys>,
      ) => queryKeys({ published, abroad }, wanted, reader),
      keysAbroad,
      keyClaims: new KeyClaims(stored, held),
      crossSigning: new CrossSigning(stored),
      keyBackups: new KeyBackups(stored),
      backedUpKeys: new BackedUpKeys(stored),
      signatureUpload: new SignatureUpload(stored, keysAbroad),
      toDevice: new ToDevice(stored, reaches),
    },
    close() {},
  };
}
