import { CanonicalJsonError } from '../canonical-json.ts';
import type { Event, StateEvent } from '../event.ts';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { levelFor, powerLevelOf } from '../power-levels.ts';
import type { RoomVersionRules } from '../room-versions.ts';
import { keyIdsOf, verifyJson } from '../signatures.ts';
import { type VerifyKey, verifyKeyFrom } from '../signing-keys.ts';
import { type MembershipChange, membershipOf } from './membership.ts';
import { ALLOWED, type AuthState, refused, type Verdict } from './verdict.ts';

/** Rule 7: to let an identity server invite for one is to invite. It settles the matter either way. */
export const checkThirdPartyInviteEvent = (
  event: Event,
  state: AuthState,
  rules: RoomVersionRules,
): Verdict =>
  powerLevelOf(event.sender, state, rules) >= levelFor('invite', state, rules)
    ? ALLOWED
    : refused('third-party-invite.power', `${event.sender} may not invite`);

/**
 * "If `content` has a `third_party_invite` property" (rule 5.4.1): the invite of a user who was asked
 * in by mail or phone, whose identity server has signed that the address is theirs. That the sender
 * is still in the room is not asked.
 */
export const checkThirdPartyInvite = ({ event, target, state }: MembershipChange): Verdict => {
  if (membershipOf(target, state) === 'ban') {
    return refused('third-party-invite.banned', `${target} is banned from the room`);
  }
  const invite = event.content.third_party_invite;
  const signed = isObject(invite) ? invite.signed : undefined;
  if (!isObject(signed)) return refused('third-party-invite.signed', 'there is no signed object');
  const { mxid, token } = signed;
  if (mxid === undefined || typeof token !== 'string') {
    return refused('third-party-invite.properties', 'signed has no mxid, or no token');
  }
  if (mxid !== target) {
    return refused('third-party-invite.mxid', `the invite was signed for another than ${target}`);
  }
  return checkToken(event, signed, state.get('m.room.third_party_invite', token));
};

const checkToken = (event: Event, signed: JsonObject, invite: StateEvent | undefined): Verdict => {
  if (invite === undefined) {
    return refused('third-party-invite.token', 'the room has no third-party invite of this token');
  }
  if (invite.sender !== event.sender) {
    return refused('third-party-invite.sender', `the third-party invite is by ${invite.sender}`);
  }
  return isVouchedFor(signed, invite.content)
    ? ALLOWED
    : refused('third-party-invite.signature', "no signature is by one of the invite's keys");
};

/** Whether a key of the invite signed that the address is somebody's. */
export const isVouchedFor = (signed: JsonObject, invite: JsonObject): boolean =>
  isSignedByAny(signed, publicKeysOf(invite));

function* publicKeysOf({ public_key, public_keys }: JsonObject): Generator<JsonValue | undefined> {
  yield public_key;
  if (!Array.isArray(public_keys)) return;
  for (const entry of public_keys) if (isObject(entry)) yield entry.public_key;
}

/** Whichever server's they are: the keys are the room's own, so it does not matter whose they say. */
const isSignedByAny = (signed: JsonObject, keys: Iterable<JsonValue | undefined>): boolean => {
  const signers = Object.keys(isObject(signed.signatures) ? signed.signatures : {});
  for (const text of keys) {
    const key = typeof text === 'string' ? verifyKeyFrom(text) : undefined;
    if (key && signers.some((signer) => isSignedBy(signed, signer, key))) return true;
  }
  return false;
};

const isSignedBy = (signed: JsonObject, signer: string, key: VerifyKey): boolean => {
  try {
    return keyIdsOf(signed, signer).some((keyId) => verifyJson(signed, signer, keyId, key));
  } catch (error) {
    if (error instanceof CanonicalJsonError) return false;
    throw error;
  }
};
