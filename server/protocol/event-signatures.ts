import type { Event } from './event.ts';
import {
  type Parsed,
  parseUserId,
  type ServerName,
  serverNameOf,
  serverNameOfEventId,
} from './identifiers.ts';
import { type KnownKey, keyIsValidFor } from './key-validity.ts';
import type { RoomVersionRules } from './room-versions.ts';
import { keyIdsOf, signatureOf, signedTextOfEvent } from './signatures.ts';
import type { KeyId } from './signing-keys.ts';
import { type SignatureCheck, verifyAside } from './verification.ts';

/** Keys that were got beforehand; undefined for one that could not be got. */
export type FindKey = (server: ServerName, keyId: KeyId) => KnownKey | undefined;

/**
 * The servers whose signatures an event needs: its sender's, unless it is a third-party invite,
 * which any server may send; in versions 1 and 2 the one of its id; from version 8 on, for a
 * restricted join, the one that let the user in.
 */
export const serversThatMustSign = (
  event: Event,
  rules: RoomVersionRules,
): Parsed<readonly ServerName[]> => {
  const servers = new Set<ServerName>();
  if (!isThirdPartyInvite(event)) servers.add(serverNameOf(event.sender));
  if (rules.eventIdForm === 'given') servers.add(serverNameOfEventId(event.eventId)!);
  const authoriser = rules.restrictedJoins ? authoriserOf(event) : undefined;
  if (authoriser !== undefined) {
    const user = parseUserId(authoriser);
    if (!user.ok) return { ok: false, reason: `join_authorised_via_users_server: ${user.reason}` };
    servers.add(serverNameOf(user.value));
  }
  return { ok: true, value: [...servers] };
};

/**
 * "If all signatures from known unexpired keys from the originating server(s) are found to be valid":
 * the checks that must all come out true, or why there is a server without any. Unknown and expired
 * keys are passed over.
 */
export const signatureChecksOf = (
  event: Event,
  rules: RoomVersionRules,
  findKey: FindKey,
  now: number,
): Parsed<readonly SignatureCheck[]> => {
  const servers = serversThatMustSign(event, rules);
  if (!servers.ok) return servers;
  const text = signedTextOfEvent(event.pdu, rules);
  const checks: SignatureCheck[] = [];
  for (const server of servers.value) {
    const before = checks.length;
    for (const keyId of keyIdsOf(event.pdu, server)) {
      const known = findKey(server, keyId);
      if (!known || !keyIsValidFor(known, event.originServerTs, rules, now)) continue;
      const signature = signatureOf(event.pdu, server, keyId);
      if (!signature) return { ok: false, reason: `the signature by ${server} ${keyId} is none` };
      checks.push({ text, signature, key: known.key });
    }
    if (checks.length === before) return { ok: false, reason: `no known key of ${server} signed` };
  }
  return { ok: true, value: checks };
};

/** For each event why its signatures are not good, or undefined; all checked in one go, aside. */
export const verifyEvents = async (
  events: readonly Event[],
  rules: RoomVersionRules,
  findKey: FindKey,
  now: number,
): Promise<readonly (string | undefined)[]> => {
  const parsed = events.map((event) => signatureChecksOf(event, rules, findKey, now));
  const results = await verifyAside(parsed.flatMap((checks) => (checks.ok ? checks.value : [])));
  let next = 0;
  return parsed.map((checks) => {
    if (!checks.ok) return checks.reason;
    const own = results.slice(next, next + checks.value.length);
    next += own.length;
    return own.every(Boolean) ? undefined : 'a signature does not verify';
  });
};

const isThirdPartyInvite = (event: Event): boolean =>
  event.type === 'm.room.member' &&
  event.content.membership === 'invite' &&
  event.content.third_party_invite !== undefined;

/** On any membership, as the auth rule has it ("If `content` has a … key"), not on joins alone. */
const authoriserOf = ({ type, content }: Event): string | undefined => {
  const authoriser = content.join_authorised_via_users_server;
  return type === 'm.room.member' && authoriser !== undefined ? String(authoriser) : undefined;
};
