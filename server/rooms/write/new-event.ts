import { randomBytes } from 'node:crypto';
import { authEventKeys } from '../../protocol/auth-events.ts';
import { authorize } from '../../protocol/auth-rules/authorize.ts';
import type { AuthState, Verdict } from '../../protocol/auth-rules/verdict.ts';
import { CanonicalJsonError } from '../../protocol/canonical-json.ts';
import type { Event, StateEvent } from '../../protocol/event.ts';
import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { EVENT_BYTES_MAX } from '../../protocol/limits.ts';
import {
  badJson,
  forbidden,
  invalidParam,
  type MatrixError,
  tooLarge,
} from '../../protocol/matrix-error.ts';
import { ownEvent } from '../../protocol/own-event.ts';
import { TOO_LARGE } from '../../protocol/parse-event.ts';
import type { RoomVersionRules } from '../../protocol/room-versions.ts';
import type { SigningKey } from '../../protocol/signatures.ts';
import type { Draft } from '../draft.ts';
import type { HotRoom } from '../memory/hot-room.ts';
import { type Extremity, extremityOf } from '../memory/room-head.ts';

export interface Signer {
  readonly serverName: ServerName;
  readonly key: SigningKey;
}

/** What a new event is built upon. Of a room that is being created, what there is so far. */
export type BuiltOn = Pick<HotRoom, 'roomId' | 'rules'> & {
  readonly head: Pick<HotRoom['head'], 'prevEvents' | 'nextDepth'>;
};

/** The event that the draft becomes at the head of the room: hashed, signed, and allowed by the rules. */
export function newEvent(
  room: BuiltOn,
  draft: Draft,
  at: { state: AuthState; signer: Signer; now: number },
): Event {
  const pdu = pduOf(room, draft, at);
  const parsed = made(pdu, room.rules, at.signer);
  if (!parsed.ok) throw unfit(pdu, parsed.reason);
  const verdict = authorize(parsed.value, at.state, room.rules);
  if (!verdict.allowed) throw refusalOf(verdict);
  return parsed.value;
}

/** What nobody may send in a room that is there is the fault of what was asked for, and not of who asked. */
const refusalOf = ({ rule, reason }: Refused): MatrixError =>
  rule.startsWith('create.') || rule === 'power-levels.creator'
    ? invalidParam(reason)
    : forbidden(reason);

type Refused = Extract<Verdict, { readonly allowed: false }>;

/** Too deep, or with what is no Unicode: there is no canonical form of it. */
function made(pdu: JsonObject, rules: RoomVersionRules, { serverName, key }: Signer) {
  try {
    return ownEvent(pdu, rules, serverName, key);
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    throw badJson(`Not an event of this room: ${error.message}`);
  }
}

function pduOf(
  room: BuiltOn,
  draft: Draft,
  { state, now, signer: { serverName } }: { state: AuthState; now: number; signer: Signer },
): JsonObject {
  const { rules, head } = room;
  const keys = authEventKeys({ ...draft, stateKey: draft.stateKey }, rules);
  const isCreate = draft.type === 'm.room.create';
  return {
    auth_events: keys.flatMap(([type, stateKey]) => authEvent(state.get(type, stateKey), rules)),
    content: contentOf(room, draft),
    depth: head.nextDepth,
    // Of a time to come it could not be verified any more where the signing key is changed before.
    origin_server_ts: Math.min(draft.originServerTs ?? now, now),
    prev_events: head.prevEvents.map(named),
    ...(isCreate && rules.createIsRoomId ? {} : { room_id: room.roomId }),
    ...(rules.eventIdForm === 'given' && { event_id: givenEventId(serverName) }),
    sender: draft.sender,
    type: draft.type,
    ...(draft.stateKey !== undefined && { state_key: draft.stateKey }),
    ...(draft.redacts !== undefined && !rules.redactsInContent && { redacts: draft.redacts }),
  };
}

const authEvent = (event: StateEvent | undefined, rules: RoomVersionRules): JsonValue[] =>
  event ? [named(extremityOf(event, 0, rules))] : [];

/** Versions 1 and 2 name an event by its id and its hash, later ones by the id, which is a hash. */
const named = ({ eventId, hash }: Pick<Extremity, 'eventId' | 'hash'>): JsonValue =>
  hash === undefined ? eventId : [eventId, { sha256: hash }];

const givenEventId = (serverName: ServerName): string =>
  `$${randomBytes(18).toString('base64url')}:${serverName}`;

/** What a client wished for makes no event of this room version. */
const unfit = (pdu: JsonObject, reason: string): MatrixError =>
  reason === TOO_LARGE || Buffer.byteLength(JSON.stringify(pdu)) > EVENT_BYTES_MAX
    ? tooLarge(`The event is too large: ${reason}`)
    : badJson(`Not an event of this room: ${reason}`);

/** Where `redacts` stands in the event, it is moved there from the content that a client sent (PUT /send, v1.18). */
function contentOf({ rules }: BuiltOn, { content, redacts }: Draft): JsonObject {
  if (redacts === undefined) return content;
  const { redacts: _, ...rest } = content;
  return rules.redactsInContent ? { ...rest, redacts } : rest;
}
