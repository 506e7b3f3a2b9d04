import { checkAuthEvents } from '../../server/protocol/auth-rules/auth-events.ts';
import { authorize } from '../../server/protocol/auth-rules/authorize.ts';
import { canonicalJson } from '../../server/protocol/canonical-json.ts';
import { type Event, stateKeyOf } from '../../server/protocol/event.ts';
import { contentHash } from '../../server/protocol/hashes.ts';
import type { EventId } from '../../server/protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../server/protocol/json.ts';
import { parseEvent } from '../../server/protocol/parse-event.ts';
import { redact } from '../../server/protocol/redaction.ts';
import {
  type RoomVersion,
  type RoomVersionRules,
  rulesOf,
} from '../../server/protocol/room-versions.ts';
import { addSignature, signEvent, signingKeyFromSeed } from '../../server/protocol/signatures.ts';
import { runWith } from '../../server/protocol/state-resolution/answering.ts';
import { resolveState } from '../../server/protocol/state-resolution/resolve.ts';
import type { Draft, State } from './drafts.ts';

/** One key for all servers: who signed is no matter of these comparisons. */
const SEED = Buffer.alloc(32, 7);
const KEY = signingKeyFromSeed('ed25519:test', SEED);
export const SIGNER = {
  signer: 'a',
  keyId: KEY.keyId,
  seed: SEED.toString('base64').replace(/=+$/, ''),
} as const;

export interface Rooms {
  readonly events: Map<EventId, Event>;
}

export interface Placed {
  draft: Draft;
  previous: readonly Event[];
  authEvents: readonly Event[];
  depth: number;
  originServerTs: number;
  /** Undefined for the create event itself. */
  create: Event | undefined;
  number: number;
}

/** The event as it would be sent: referring to others as its version does, hashed and signed. */
export function sealed(placed: Placed, rules: RoomVersionRules): Event {
  const { draft, create } = placed;
  const { type, sender, stateKey, content, redacts } = draft;
  const pdu: JsonObject = {
    type,
    sender,
    content,
    ...(stateKey === undefined ? {} : { state_key: stateKey }),
    ...(redacts === undefined ? {} : { redacts }),
    ...(rules.eventIdForm === 'given' ? { event_id: `$${placed.number}:a` } : {}),
    ...(create === undefined && rules.createIsRoomId
      ? {}
      : { room_id: create?.roomId ?? '!room:a' }),
    depth: placed.depth,
    origin_server_ts: placed.originServerTs,
    prev_events: placed.previous.map((event) => reference(event, rules)),
    auth_events: placed.authEvents.map((event) => reference(event, rules)),
  };
  const parsed = parseEvent(signed(pdu, rules), rules);
  if (!parsed.ok) throw new Error(`the history holds what is no event: ${parsed.reason}`);
  return parsed.value;
}

/**
 * Our auth rules look for the signature of the server that lets somebody into a restricted room, as
 * the rule says; Synapse looks for it elsewhere, on receipt. So it is always there.
 */
function signed(pdu: JsonObject, rules: RoomVersionRules): JsonObject {
  const event = signEvent(pdu, rules, SIGNER.signer, KEY);
  const authorising = isObject(pdu.content) && pdu.content.join_authorised_via_users_server;
  if (typeof authorising !== 'string') return event;
  return addSignature(event, rules, authorising.slice(authorising.indexOf(':') + 1), KEY);
}

/** Versions 1 and 2 name an event by its id and its hash. */
function reference(event: Event, rules: RoomVersionRules): JsonValue {
  return rules.eventIdForm === 'given' ? [event.eventId, { sha256: 'unused' }] : event.eventId;
}

/** Why the event is refused, by the events that it names or by the state; undefined where it is allowed. */
export function judge(
  event: Event,
  authEvents: readonly Event[],
  state: readonly Event[],
  rules: RoomVersionRules,
): string | undefined {
  const named = checkAuthEvents(event, authEvents, rules);
  if (!named.allowed) return named.reason;
  const byKey = new Map(state.map((each) => [stateKeyOf(each.type, each.stateKey!), each]));
  const verdict = authorize(event, { get: (type, key) => byKey.get(stateKeyOf(type, key)) }, rules);
  return verdict.allowed ? undefined : verdict.reason;
}

export function resolveStates(
  sets: readonly State[],
  rooms: Rooms,
  rules: RoomVersionRules,
): State {
  const states = sets.map((set) => new Map([...set].map(([key, event]) => [key, event.eventId])));
  const { roomId } = [...rooms.events.values()][0]!;
  const resolved = runWith(resolveState(states, { roomId, rules }), (id) => rooms.events.get(id));
  return new Map([...resolved].map(([key, id]) => [key, rooms.events.get(id)!]));
}

export const contentHashOf = (event: Event): string => contentHash(event.pdu);

export const redacted = (event: Event, version: RoomVersion): JsonObject =>
  redact(event.pdu, rulesOf(version)!);

/** Made anew, as the other side makes it. */
export function signatureOf(event: Event, version: RoomVersion): string {
  const { signatures } = signEvent(event.pdu, rulesOf(version)!, SIGNER.signer, KEY);
  const ours = isObject(signatures) ? signatures[SIGNER.signer] : undefined;
  if (!isObject(ours)) throw new Error(`not signed: ${canonicalJson(event.pdu)}`);
  return ours[SIGNER.keyId] as string;
}
