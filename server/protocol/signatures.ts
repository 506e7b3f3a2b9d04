import { sign } from 'node:crypto';
import { decodeBase64, unpaddedBase64 } from './base64.ts';
import { canonicalJson } from './canonical-json.ts';
import { contentHash, essentials, without } from './hashes.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import type { RoomVersionRules } from './room-versions.ts';
import { isKeyId, type KeyId, type SigningKey, type VerifyKey } from './signing-keys.ts';
import { type SignatureCheck, verifyNow } from './verification.ts';

export { type KeyId, type SigningKey, signingKeyFromSeed, verifyKeyFrom } from './signing-keys.ts';

/**
 * Adds a signature (appendices, "Signing JSON"). `signer` is a server name, or a user id for keys of
 * devices. Signatures that are there stay; neither they nor `unsigned` are covered.
 */
export const signJson = (object: JsonObject, signer: string, key: SigningKey): JsonObject =>
  withSignature(object, signer, key, signedText(object));

/** Unpadded Base64, of what is canonical JSON already. */
export const signText = (text: string, key: SigningKey): string =>
  unpaddedBase64(sign(null, Buffer.from(text), key.privateKey));

/** False also where there is no such signature, or it is no Base64. */
export const verifyJson = (
  object: JsonObject,
  signer: string,
  keyId: KeyId,
  key: VerifyKey,
): boolean => {
  const check = checkOf(object, signer, keyId, key);
  return check !== undefined && verifyNow([check])[0]!;
};

/** Of what is canonical JSON already. */
export const verifyText = (text: string, encoded: string, key: VerifyKey): boolean => {
  const signature = decodeBase64(encoded);
  return signature?.length === 64 && verifyNow([{ text, signature, key }])[0]!;
};

/** The same, for many at once (verifyAside) or elsewhere (a worker). */
export const checkOf = (
  object: JsonObject,
  signer: string,
  keyId: KeyId,
  key: VerifyKey,
): SignatureCheck | undefined => {
  const signature = signatureOf(object, signer, keyId);
  return signature && { text: signedText(object), signature, key };
};

/** The keys by which a signer has signed, those of unknown algorithms left out. */
export const keyIdsOf = (object: JsonObject, signer: string): readonly KeyId[] =>
  Object.keys(signaturesBy(object, signer)).filter(isKeyId);

/** Adds the content hash and our signature (server-server API, "Adding hashes and signatures"). */
export const signEvent = (
  pdu: JsonObject,
  rules: RoomVersionRules,
  serverName: string,
  key: SigningKey,
): JsonObject => signedEvent(pdu, rules, serverName, key).pdu;

/** The same, with the text that the signature covers: that of the reference hash, so it need not be made again. */
export const signedEvent = (
  pdu: JsonObject,
  rules: RoomVersionRules,
  serverName: string,
  key: SigningKey,
): { readonly pdu: JsonObject; readonly covered: string } => {
  const hashed = { ...pdu, hashes: { sha256: contentHash(pdu) } };
  const covered = signedTextOfEvent(hashed, rules);
  return { pdu: withSignature(hashed, serverName, key, covered), covered };
};

/** Only the signature: on another server's event, such as an invite or a restricted join. */
export const addSignature = (
  pdu: JsonObject,
  rules: RoomVersionRules,
  serverName: string,
  key: SigningKey,
): JsonObject => withSignature(pdu, serverName, key, signedTextOfEvent(pdu, rules));

export const signedTextOfEvent = (pdu: JsonObject, rules: RoomVersionRules): string =>
  canonicalJson(essentials(pdu, rules), 'as-found');

/** 64 bytes, or undefined. */
export const signatureOf = (
  object: JsonObject,
  signer: string,
  keyId: string,
): Buffer | undefined => {
  const text = ownMember(signaturesBy(object, signer), keyId);
  const bytes = typeof text === 'string' ? decodeBase64(text) : undefined;
  return bytes?.length === 64 ? bytes : undefined;
};

/** `as-found`: old events are signed too, and travel in requests that are. */
const signedText = (object: JsonObject): string =>
  canonicalJson(without(object, ['signatures', 'unsigned']), 'as-found');

const withSignature = (
  object: JsonObject,
  signer: string,
  key: SigningKey,
  text: string,
): JsonObject => {
  const signature = signText(text, key);
  const signatures = isObject(object.signatures) ? object.signatures : {};
  const own = { ...signaturesBy(object, signer), [key.keyId]: signature };
  return { ...object, signatures: { ...signatures, [signer]: own } };
};

const signaturesBy = (object: JsonObject, signer: string): JsonObject => {
  const all = isObject(object.signatures) ? object.signatures : {};
  const own = ownMember(all, signer);
  return isObject(own) ? own : {};
};

/** Names come from the network: `constructor` must not find what every object has. */
const ownMember = (object: JsonObject, name: string): JsonValue | undefined =>
  Object.hasOwn(object, name) ? object[name] : undefined;
