import type { BackedUpKey } from '../../storage/encryption/key-backup-keys.ts';

type Quality = Pick<BackedUpKey, 'isVerified' | 'firstMessageIndex' | 'forwardedCount'>;

/**
 * Which of two keys of one session a backup holds (client-server API, "Storing keys in a backup"): the one
 * of a verified device, else the one that decrypts from earlier on, else the one that was forwarded less
 * often. Of two that are alike, the one that is there.
 */
export function isBetter(offered: Quality, kept: Quality): boolean {
  if (offered.isVerified !== kept.isVerified) return offered.isVerified;
  if (offered.firstMessageIndex !== kept.firstMessageIndex)
    return offered.firstMessageIndex < kept.firstMessageIndex;
  return offered.forwardedCount < kept.forwardedCount;
}
