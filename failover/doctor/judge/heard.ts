import type { SiteStatus } from '../../status/status.ts';

const HEARD_WITHIN_MS = 5_000;

/** What it said last is of now. */
export const isHeard = ({ silentMs }: Pick<SiteStatus, 'silentMs'>): boolean =>
  silentMs <= HEARD_WITHIN_MS;
