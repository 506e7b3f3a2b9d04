import { unpaddedBase64 } from './base64.ts';
import type { Event } from './event.ts';
import { parsedIn, parseServerName, type ServerName } from './identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import type { RoomVersionRules } from './room-versions.ts';
import { signatureOf, signedTextOfEvent } from './signatures.ts';
import { type KeyId, type VerifyKey, verifyKeyFrom } from './signing-keys.ts';
import { verifyAside } from './verification.ts';

/** Who says of a room's events, before anybody sees them, whether they belong into it (server-server API, "Policy Servers"). */
export interface PolicyServer {
  readonly server: ServerName;
  /** Of the room's state: whoever runs the server does not change it, and does not take it back. */
  readonly key: VerifyKey;
}

const KEY_ID: KeyId = 'ed25519:policy_server';

/** Of the content of `m.room.policy`; undefined where that is invalid, and the room has none. */
export function policyServerIn({ via, public_keys: keys }: JsonObject): PolicyServer | undefined {
  const server = parsedIn(via, parseServerName);
  const ed25519 = isObject(keys) ? keys.ed25519 : undefined;
  const key = typeof ed25519 === 'string' ? verifyKeyFrom(ed25519) : undefined;
  return server && key && { server, key };
}

/** Who its policy server is a room can always say, also when that lets nothing else through. */
export const isForPolicyServer = ({
  type,
  stateKey,
}: {
  readonly type: string;
  readonly stateKey?: string | undefined;
}): boolean => type !== 'm.room.policy' || stateKey !== '';

/** For each event whether the policy server has signed it; all checked in one go, aside. */
export async function areRecommended(
  events: readonly Event[],
  rules: RoomVersionRules,
  { server, key }: PolicyServer,
): Promise<boolean[]> {
  const signed = events.flatMap(({ pdu }, index) => {
    const signature = signatureOf(pdu, server, KEY_ID);
    return signature ? [{ index, signature, text: signedTextOfEvent(pdu, rules), key }] : [];
  });
  const valid = await verifyAside(signed);
  const recommended = new Set(signed.flatMap(({ index }, at) => (valid[at] ? [index] : [])));
  return events.map((_, index) => recommended.has(index));
}

/** The PDU with what the policy server answered: all other signatures stay, also those of a server that is both. */
export function withRecommendation(
  pdu: JsonObject,
  { server }: PolicyServer,
  answer: JsonValue,
): JsonObject {
  const told = isObject(answer) ? signatureOf({ signatures: answer }, server, KEY_ID) : undefined;
  if (!told) return pdu;
  const signatures = isObject(pdu.signatures) ? pdu.signatures : {};
  const own = isObject(signatures[server]) ? signatures[server] : {};
  const signature = unpaddedBase64(told);
  return { ...pdu, signatures: { ...signatures, [server]: { ...own, [KEY_ID]: signature } } };
}
