import { globMatches } from './glob.ts';
import type { JsonObject, JsonValue } from './json.ts';

export type AclVerdict = { allowed: true } | { allowed: false; reason: string };

/**
 * Whether a server may take part in a room (m.room.server_acl). `content` is undefined where the
 * room has no such event. The port of the server name is not considered.
 */
export function checkServerAcl(serverName: string, content: JsonObject | undefined): AclVerdict {
  if (content === undefined) return { allowed: true };
  const host = hostOf(serverName).toLowerCase();
  if (content.allow_ip_literals === false && isIpLiteral(host)) {
    return { allowed: false, reason: 'the room allows no IP addresses as server names' };
  }
  if (listed(content.deny, host)) return { allowed: false, reason: 'the room denies this server' };
  if (listed(content.allow, host)) return { allowed: true };
  return { allowed: false, reason: 'the room does not allow this server' };
}

function listed(patterns: JsonValue | undefined, host: string): boolean {
  if (!Array.isArray(patterns)) return false;
  return patterns.some((each) => typeof each === 'string' && globMatches(each.toLowerCase(), host));
}

const hostOf = (serverName: string): string => serverName.replace(/:[0-9]{1,5}$/, '');

const isIpLiteral = (host: string): boolean =>
  host.startsWith('[') || /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/.test(host);
