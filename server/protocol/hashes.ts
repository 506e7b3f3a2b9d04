import { hash } from 'node:crypto';
import { decodeBase64, withoutPadding } from './base64.ts';
import { canonicalJson } from './canonical-json.ts';
import type { EventId } from './identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { redact } from './redaction.ts';
import type { RoomVersionRules } from './room-versions.ts';

/** Over the complete event (server-server API, "Calculating the content hash"); unpadded Base64. */
export const contentHash = (pdu: JsonObject): string =>
  sha256(without(pdu, ['unsigned', 'signatures', 'hashes']));

/** If not, what we were given is a redacted copy, or should be one: go on with `redact`. */
export const contentHashMatches = (pdu: JsonObject): boolean => {
  const given = isObject(pdu.hashes) ? pdu.hashes.sha256 : undefined;
  if (typeof given !== 'string') return false;
  return decodeBase64(given)?.equals(Buffer.from(contentHash(pdu), 'base64')) ?? false;
};

/** Over the essential fields (same page, "Calculating the reference hash"); unpadded Base64. */
export const referenceHash = (pdu: JsonObject, rules: RoomVersionRules): string =>
  sha256(essentials(pdu, rules));

/** What signatures and the reference hash cover: they are the same bytes. */
export const essentials = (pdu: JsonObject, rules: RoomVersionRules): JsonObject => {
  const { signatures: _, ...covered } = redact(pdu, rules);
  return covered;
};

/** Versions 1 and 2 have it in the event, and only a parsed event is known to have one. `covered`: the text of the reference hash, where it is known. */
export const eventIdOf = (pdu: JsonObject, rules: RoomVersionRules, covered?: string): EventId => {
  if (rules.eventIdForm === 'given') return pdu.event_id as EventId;
  const reference =
    covered === undefined ? referenceHash(pdu, rules) : withoutPadding(digest(covered));
  return `$${rules.eventIdForm === 'hash-base64' ? reference : urlSafe(reference)}` as EventId;
};

export const without = (object: JsonObject, keys: readonly string[]): JsonObject => {
  const copy: Record<string, JsonValue> = { ...object };
  for (const key of keys) delete copy[key];
  return copy;
};

const sha256 = (value: JsonObject): string =>
  withoutPadding(digest(canonicalJson(value, 'as-found')));

const digest = (text: string): string => hash('sha256', text, 'base64');

const urlSafe = (base64: string): string => base64.replaceAll('+', '-').replaceAll('/', '_');
