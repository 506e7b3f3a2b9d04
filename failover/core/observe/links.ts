import type { LinksSeen } from '../state/seen.ts';
import type { Millis } from '../timings.ts';
import type { LinkReport } from '../view.ts';

export const seeLinks = (
  byHost: Readonly<Record<string, LinkReport>>,
  now: Millis,
): Partial<LinksSeen> => ({ links: { byHost, at: now } });
