import type { EpochHistory } from './epochs.ts';

/**
 * A /sync token (D2): where in the log its answer was cut, in which epoch, and how far to-device
 * messages had been delivered. The ephemeral counter means something in its epoch only.
 */
export interface SyncToken {
  readonly epoch: number;
  readonly position: number;
  readonly toDevice: number;
  readonly ephemeral: number;
}

/** Opaque to clients; the letter is the version, for tokens outlive releases. */
export const encodeSyncToken = ({ epoch, position, toDevice, ephemeral }: SyncToken): string =>
  `s${epoch.toString(36)}.${position.toString(36)}.${toDevice.toString(36)}.${ephemeral.toString(36)}`;

/** Undefined for what no server of ours ever gave out. Each /sync asks, twice: it makes no lists. */
export function decodeSyncToken(text: string): SyncToken | undefined {
  const parts = TOKEN.exec(text);
  if (parts === null) return undefined;
  const epoch = Number.parseInt(parts[1]!, 36);
  const position = Number.parseInt(parts[2]!, 36);
  const toDevice = Number.parseInt(parts[3]!, 36);
  const ephemeral = Number.parseInt(parts[4]!, 36);
  const isSafe =
    Number.isSafeInteger(epoch) &&
    Number.isSafeInteger(position) &&
    Number.isSafeInteger(toDevice) &&
    Number.isSafeInteger(ephemeral);
  return isSafe ? { epoch, position, toDevice, ephemeral } : undefined;
}

const TOKEN = /^s([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/;

/**
 * A token holds if its epoch is known and its position is not beyond that epoch's end. Any other is
 * from the future, a lost timeline or a restored backup: it is answered as a gappy sync. Only the
 * writer may judge; a follower may just be behind.
 */
export const holds = (token: SyncToken, epochs: EpochHistory): boolean => {
  const end = epochs.endOf(token.epoch);
  return end !== undefined && token.position <= end && token.toDevice <= end;
};
