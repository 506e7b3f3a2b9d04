import { createHash } from 'node:crypto';
import { authEventKeys } from '../../server/protocol/auth-events.ts';
import { eventIdOf, referenceHash } from '../../server/protocol/hashes.ts';
import type { EventId, RoomId, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../server/protocol/json.ts';
import { type RoomVersionRules, rulesOf } from '../../server/protocol/room-versions.ts';
import { signEvent } from '../../server/protocol/signatures.ts';
import { signingKeyFromSeed, verifyKeyFrom } from '../../server/protocol/signing-keys.ts';
import type { EventKeys } from '../../server/rooms/ports.ts';
import { signingKey as ourKey } from './house.ts';
import type { FreshDatabase } from './postgres.ts';

/** What a server says of an event of its own; the rest follows from the room as it was stored here. */
export interface ForeignDraft {
  readonly sender: UserId;
  readonly type: string;
  readonly stateKey?: string;
  readonly content: JsonObject;
  readonly redacts?: EventId;
  /** What it is built on, unless on all ends of the room. */
  readonly after?: readonly EventId[];
  /** Its auth events, unless those of the current state. */
  readonly authEvents?: readonly EventId[];
  /** Unless one more than of what it is built on. */
  readonly depth?: number;
}

export interface ForeignEvent {
  readonly eventId: EventId;
  readonly pdu: JsonObject;
}

/** Makes events in the name of other servers, each of which has a key made of its name. */
export function foreignServers(fresh: FreshDatabase) {
  let statements = 0;
  /** Of events that were made and need not be stored. */
  const made = new Map<EventId, { pdu: JsonObject; depth: number }>();
  const query = <Row>(text: string) =>
    fresh.database.query<Row & object>(`foreign_${statements++}`, text);
  const known = async (eventId: EventId) => {
    const own = made.get(eventId);
    if (own) return own;
    const [row] = await query<{ json: string; depth: number }>(
      `SELECT json, depth FROM event WHERE event_id = '${eventId}'`,
    );
    return { pdu: JSON.parse(row!.json) as JsonObject, depth: row!.depth };
  };

  return {
    /** The ends of the room as they are stored. */
    async ends(roomId: RoomId): Promise<EventId[]> {
      const rows = await query<{ eventId: EventId }>(
        `SELECT event_id AS "eventId" FROM room JOIN room_head USING (room_nid)
         JOIN event ON event_nid = ANY (forward_extremities)
         WHERE room_id = '${roomId}' ORDER BY event_nid`,
      );
      return rows.map(({ eventId }) => eventId);
    },

    async event(roomId: RoomId, draft: ForeignDraft): Promise<ForeignEvent> {
      const [room] = await query<{ version: string }>(
        `SELECT version FROM room WHERE room_id = '${roomId}'`,
      );
      const rules = rulesOf(room!.version)!;
      const after = draft.after ?? (await this.ends(roomId));
      const keys = authEventKeys({ ...draft, stateKey: draft.stateKey }, rules);
      const authEvents = draft.authEvents ?? (await currentAt(roomId, keys));
      const named = async (eventId: EventId) =>
        rules.eventIdForm === 'given'
          ? [eventId, { sha256: referenceHash((await known(eventId)).pdu, rules) }]
          : eventId;
      const depths = () => Promise.all(after.map(async (id) => (await known(id)).depth));
      const depth = draft.depth ?? Math.max(...(await depths())) + 1;
      const pdu = pduOf(draft, {
        ...{ roomId, rules, depth, number: statements },
        auth_events: await Promise.all(authEvents.map(named)),
        prev_events: await Promise.all(after.map(named)),
      });
      const eventId = eventIdOf(pdu, rules);
      made.set(eventId, { pdu, depth });
      return { eventId, pdu };
    },
  };

  async function currentAt(roomId: RoomId, keys: readonly (readonly [string, string])[]) {
    const rows = await query<{ eventId: EventId; type: string; stateKey: string }>(
      `SELECT event_id AS "eventId", type, state_key AS "stateKey" FROM current_state
       JOIN event USING (event_nid) JOIN room ON room.room_nid = current_state.room_nid
       WHERE room_id = '${roomId}'`,
    );
    return rows.flatMap(({ eventId, type, stateKey }) =>
      keys.some(([wanted, key]) => wanted === type && key === stateKey) ? [eventId] : [],
    );
  }
}

interface MadeIn {
  readonly roomId: RoomId;
  readonly rules: RoomVersionRules;
  readonly depth: number;
  readonly number: number;
  readonly auth_events: readonly JsonValue[];
  readonly prev_events: readonly JsonValue[];
}

function pduOf(
  { type, sender, stateKey, content, redacts }: ForeignDraft,
  { roomId, rules, depth, number, auth_events, prev_events }: MadeIn,
): JsonObject {
  const origin = sender.slice(sender.indexOf(':') + 1);
  const pdu: JsonObject = {
    ...{ depth, type, sender, room_id: roomId, auth_events, prev_events },
    content: redacts && rules.redactsInContent ? { ...content, redacts } : content,
    origin_server_ts: 1_700_000_000_000 + number,
    ...(rules.eventIdForm === 'given' && { event_id: `$made${number}:${origin}` }),
    ...(stateKey !== undefined && { state_key: stateKey }),
    ...(redacts && !rules.redactsInContent && { redacts }),
  };
  return signEvent(pdu, rules, origin, keyOf(origin));
}

/** Of every server the key that is made of its name; of ours the one that it signs with in tests. */
export const keysOfNames: EventKeys = async () => (server, keyId) => {
  const own = server === 'example.org' ? ourKey : keyOf(server);
  const key = keyId === own.keyId ? verifyKeyFrom(own.publicKey) : undefined;
  return key && { key, validUntilTs: Number.MAX_SAFE_INTEGER };
};

/** What a server signs with. */
export const keyOf = (server: string) =>
  signingKeyFromSeed('ed25519:name', createHash('sha256').update(server).digest());
