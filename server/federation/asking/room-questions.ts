import {
  type EventId,
  parsedIn,
  parseEventId,
  type RoomId,
  type ServerName,
} from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import {
  type FederationClient,
  type FederationRequest,
  ServerUnreachable,
} from '../federation-client.ts';

/** Twenty events of 64 KiB, or a hundred of what they mostly are. */
const EVENTS_BYTES_MAX = 2 * 1_048_576;
const EVENT_BYTES_MAX = 128 * 1_024;
/** The ids of the state of a room of 50,000 members, and what authorizes it. */
const IDS_BYTES_MAX = 8 * 1_048_576;

/** With its numbers as they stand: an event of the first five versions is hashed and signed with those. */
const EVENTS = new Set(['events', 'pdus']);

/** Unless the server says when. */
const RETRY_MS = 250;

type EventTold =
  | { readonly kind: 'told'; readonly pdu: JsonObject }
  | { readonly kind: 'not there' }
  | { readonly kind: 'not now'; readonly retryMs: number };

/** It was not reached, or has too much to do: it may say so another time. */
type NotNow = 'not now';

/** Asks servers about rooms that they share with us. Undefined where one will not say. */
export class RoomQuestions {
  readonly #client: Pick<FederationClient, 'ask'>;

  constructor(client: Pick<FederationClient, 'ask'>) {
    this.#client = client;
  }

  async missingEvents(
    server: ServerName,
    asked: {
      roomId: RoomId;
      latest: readonly EventId[];
      earliest: readonly EventId[];
      minDepth: number;
      limit: number;
      withinMs: number;
    },
  ): Promise<readonly JsonObject[] | NotNow | undefined> {
    const { roomId, latest, earliest, minDepth, limit, withinMs } = asked;
    const told = await this.#ask(server, {
      ...{ method: 'POST', path: `${V1}/get_missing_events/${encodeURIComponent(roomId)}` },
      content: {
        ...{ latest_events: [...latest], earliest_events: [...earliest] },
        ...{ limit, min_depth: minDepth },
      },
      ...{ answersWithinMs: withinMs, bytesMax: EVENTS_BYTES_MAX, lists: EVENTS },
    });
    return isTold(told) ? objectsIn(told.events).slice(0, limit) : told;
  }

  async stateIds(
    server: ServerName,
    { roomId, eventId, withinMs }: { roomId: RoomId; eventId: EventId; withinMs: number },
  ): Promise<{ state: readonly EventId[]; authChain: readonly EventId[] } | NotNow | undefined> {
    const room = encodeURIComponent(roomId);
    const told = await this.#ask(server, {
      ...{ method: 'GET', path: `${V1}/state_ids/${room}?event_id=${encodeURIComponent(eventId)}` },
      ...{ answersWithinMs: withinMs, bytesMax: IDS_BYTES_MAX },
    });
    if (!isTold(told)) return told;
    return { state: idsIn(told.pdu_ids), authChain: idsIn(told.auth_chain_ids) };
  }

  async event(
    server: ServerName,
    { eventId, withinMs }: { eventId: EventId; withinMs: number },
  ): Promise<EventTold> {
    try {
      const told = await this.#told(server, {
        ...{ method: 'GET', path: `${V1}/event/${encodeURIComponent(eventId)}` },
        ...{ answersWithinMs: withinMs, bytesMax: EVENT_BYTES_MAX, lists: EVENTS },
      });
      const [pdu] = objectsIn(told?.pdus);
      return pdu ? { kind: 'told', pdu } : { kind: 'not there' };
    } catch (error) {
      return notTold(error);
    }
  }

  async backfill(
    server: ServerName,
    asked: { roomId: RoomId; from: readonly EventId[]; limit: number; withinMs: number },
  ): Promise<readonly JsonObject[] | undefined> {
    const { roomId, from, limit, withinMs } = asked;
    const query = [`limit=${limit}`, ...from.map((each) => `v=${encodeURIComponent(each)}`)];
    const told = await this.#ask(server, {
      ...{ method: 'GET', path: `${V1}/backfill/${encodeURIComponent(roomId)}?${query.join('&')}` },
      ...{ answersWithinMs: withinMs, bytesMax: EVENTS_BYTES_MAX, lists: EVENTS },
    });
    return isTold(told) ? objectsIn(told.pdus).slice(0, limit) : undefined;
  }

  async #ask(
    server: ServerName,
    request: FederationRequest,
  ): Promise<JsonObject | NotNow | undefined> {
    try {
      return await this.#told(server, request);
    } catch (error) {
      return notTold(error).kind === 'not now' ? 'not now' : undefined;
    }
  }

  async #told(server: ServerName, request: FederationRequest): Promise<JsonObject | undefined> {
    const told = await this.#client.ask(server, request);
    return isObject(told) ? told : undefined;
  }
}

const isTold = (told: JsonObject | NotNow | undefined): told is JsonObject =>
  typeof told === 'object';

function notTold(error: unknown): EventTold {
  if (error instanceof ServerUnreachable) return { kind: 'not now', retryMs: RETRY_MS };
  if (!(error instanceof MatrixError)) throw error;
  const { status, fields } = error;
  if (status < 500 && status !== 429) return { kind: 'not there' };
  const retryMs = Number(fields?.retry_after_ms ?? RETRY_MS);
  return { kind: 'not now', retryMs: Math.max(retryMs, RETRY_MS) };
}

const V1 = '/_matrix/federation/v1';

const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] =>
  Array.isArray(value) ? value.filter((each) => isObject(each)) : [];

const idsIn = (value: JsonValue | undefined): readonly EventId[] =>
  (Array.isArray(value) ? value : []).flatMap((each) => parsedIn(each, parseEventId) ?? []);
