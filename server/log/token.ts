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
export const encodeSyncToken = (token: SyncToken): string =>
  `s${[token.epoch, token.position, token.toDevice, token.ephemeral]
    .map((part) => part.toString(36))
    .join('.')}`;

/** Undefined for what no server of ours ever gave out. */
export function decodeSyncToken(text: string): SyncToken | undefined {
  const [, ...parts] =
    /^s([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})\.([0-9a-z]{1,11})$/.exec(text) ?? [];
  const [epoch, position, toDevice, ephemeral] = parts.map((part) => Number.parseInt(part, 36));
  if (ephemeral === undefined) return undefined;
  const token = { epoch: epoch!, position: position!, toDevice: toDevice!, ephemeral };
  return Object.values(token).every(Number.isSafeInteger) ? token : undefined;
}

/**
 * A token holds if its epoch is known and its position is not beyond that epoch's end. Any other is
 * from the future, a lost timeline or a restored backup: it is answered as a gappy sync. Only the
 * writer may judge; a follower may just be behind.
 */
export const holds = (token: SyncToken, epochs: EpochHistory): boolean => {
  const end = epochs.endOf(token.epoch);
  return end !== undefined && token.position <= end && token.toDevice <= end;
};
