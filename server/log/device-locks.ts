import type { KeyedMutex } from './keyed-mutex.ts';

export interface DeviceName {
  readonly userId: string;
  readonly deviceId: string;
}

/**
 * Holds the keys of several devices at once. Always in the same order, so that two claims over the
 * same devices cannot wait for each other.
 */
export function lockDeviceKeys<T>(
  locks: KeyedMutex,
  devices: readonly DeviceName[],
  work: () => Promise<T>,
): Promise<T> {
  const keys = devices.map(({ userId, deviceId }) => `device-keys:${userId}\0${deviceId}`);
  const inOrder = [...new Set(keys)].sort();
  return inOrder.reduceRight<() => Promise<T>>((inner, key) => () => locks.run(key, inner), work)();
}
