import type { OwnRate } from '../protocol/caller.ts';
import type { StoredRate } from '../storage/accounts/own-rates.ts';

/** Undefined where nothing was said. */
export function ownRateIn({ messagesPerSecond, burstCount }: StoredRate): OwnRate | undefined {
  if (messagesPerSecond === null) return undefined;
  if (messagesPerSecond === 0) return 'unlimited';
  // Who may ask at all may ask once.
  return { perSecond: messagesPerSecond, burst: Math.max(1, burstCount ?? 1) };
}
