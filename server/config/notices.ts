import type { UserId } from '../protocol/identifiers.ts';
import type { Config } from './schema.ts';

/** Undefined where the server itself says nothing to its users. */
export function noticesOf(notices: Config['serverNotices'], serverName: string) {
  if (notices === undefined) return undefined;
  const { localpart, ...settings } = notices;
  return { ...settings, userId: `@${localpart}:${serverName}` as UserId };
}
