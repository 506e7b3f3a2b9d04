import type { Event } from './event.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { RoomVersionRules } from './room-versions.ts';

/**
 * What is told to one client beside the event (client-server API, "Room event format"). All of it is
 * our own: what other servers send as `unsigned` is dropped where the event is parsed.
 */
export interface ClientUnsigned {
  readonly age?: number;
  readonly transaction_id?: string;
  readonly prev_content?: JsonObject;
  readonly prev_sender?: string;
  readonly replaces_state?: string;
  readonly redacted_because?: JsonObject;
  readonly membership?: string;
  readonly 'm.relations'?: JsonObject;
  readonly invite_room_state?: readonly JsonObject[];
  readonly knock_room_state?: readonly JsonObject[];
}

/** The form of every endpoint but /sync. */
export const clientEvent = (
  event: Event,
  rules: RoomVersionRules,
  unsigned?: ClientUnsigned,
): JsonObject => ({ ...syncEvent(event, rules, unsigned), room_id: event.roomId });

/** Without the room_id, which the answer to /sync has once per room. */
export const syncEvent = (
  event: Event,
  rules: RoomVersionRules,
  unsigned?: ClientUnsigned,
): JsonObject => {
  const client: Record<string, JsonValue> = {
    content: event.content,
    event_id: event.eventId,
    origin_server_ts: event.originServerTs,
    sender: event.sender,
    type: event.type,
  };
  if (event.stateKey !== undefined) client.state_key = event.stateKey;
  if (event.redacts !== undefined) addRedacts(client, event, rules);
  if (unsigned !== undefined) client.unsigned = unsigned as JsonObject;
  return client;
};

/** "Stripped state events can only have the sender, type, state_key and content properties." */
export const strippedEvent = (event: Event): JsonObject => ({
  content: event.content,
  sender: event.sender,
  state_key: event.stateKey ?? '',
  type: event.type,
});

/** For a filter that asks for the event_format `federation`. To servers goes `event.pdu` as it is. */
export const federationFormatEvent = (event: Event, unsigned?: ClientUnsigned): JsonObject => ({
  ...event.pdu,
  event_id: event.eventId,
  ...(unsigned && { unsigned: unsigned as JsonObject }),
});

/** By our clock and the sender's: it may be negative. */
export const ageOf = (event: Event, now: number): number => now - event.originServerTs;

/**
 * "For backwards-compatibility with older clients, servers should add a redacts property to the top
 * level", and for newer clients to the content of redactions in older rooms (rooms/v11).
 */
const addRedacts = (
  client: Record<string, JsonValue>,
  event: Event,
  rules: RoomVersionRules,
): void => {
  client.redacts = event.redacts!;
  if (!rules.redactsInContent) client.content = { ...event.content, redacts: event.redacts! };
};
