import {
  type EventId,
  parsedIn,
  parseRoomId,
  parseServerName,
  type RoomAlias,
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '../../protocol/identifiers.ts';
import { isObject, type JsonObject, type JsonValue } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { type FederationClient, notThere, ServerUnreachable } from '../federation-client.ts';

type Passage = 'join' | 'leave' | 'knock';

/** A template is one event; an answer to a leave or a knock holds a few at most. */
const SMALL_BYTES_MAX = 1_048_576;
const SMALL_WITHIN_MS = 10_000;
const RECOMMENDATION_BYTES_MAX = 65_536;
/** A join waits for it, and goes on without it. */
const COUNT_WITHIN_MS = 3_000;
/** The state of a large room and all that it rests on: 60,000 events have 40 to 60 MB. */
const ROOM_BYTES_MAX = 128 * 1_048_576;
const ROOM_WITHIN_MS = 60_000;
/** Most rooms have less. */
const LARGE_FROM_BYTES = 1_048_576;
/** Nobody else's is read meanwhile. */
const LARGE_WITHIN_MS = 45_000;
const STATE: ReadonlySet<string> = new Set(['state', 'pdus', 'auth_chain']);
const ALIAS_SERVERS_MAX = 20;

/** Asks servers that are in rooms for what is done through them (server-server API, "Joining Rooms" and its like). */
export class RoomServers {
  readonly #client: Pick<FederationClient, 'ask'>;

  constructor(client: Pick<FederationClient, 'ask'>) {
    this.#client = client;
  }

  async template(
    server: ServerName,
    wish: { passage: Passage; roomId: RoomId; userId: UserId; versions: readonly string[] },
  ): Promise<{ version: string; event: JsonObject }> {
    const { passage, roomId, userId, versions } = wish;
    const known =
      passage === 'leave' ? '' : `?ver=${versions.map(encodeURIComponent).join('&ver=')}`;
    const answer = await this.#client.ask(server, {
      method: 'GET',
      path: `/_matrix/federation/v1/make_${passage}/${pathOf(roomId, userId)}${known}`,
      ...{ ...SMALL, keepsNumbers: true },
    });
    const { room_version: version = '1', event } = objectIn(server, answer);
    if (typeof version !== 'string' || !isObject(event))
      throw new ServerUnreachable(`${server} gives no event to sign`);
    return { version, event };
  }

  /** By its summary in the hierarchy of spaces: `make_join` does not say it. */
  async joinedCount(server: ServerName, roomId: RoomId): Promise<number | undefined> {
    const asked = this.#client.ask(server, {
      method: 'GET',
      path: `/_matrix/federation/v1/hierarchy/${pathOf(roomId)}?suggested_only=true`,
      ...{ answersWithinMs: COUNT_WITHIN_MS, bytesMax: SMALL_BYTES_MAX },
    });
    const answer = await asked.catch(() => undefined);
    const room = isObject(answer) ? answer.room : undefined;
    const count = isObject(room) ? room.num_joined_members : undefined;
    return typeof count === 'number' ? count : undefined;
  }

  async submit(
    server: ServerName,
    signed: {
      readonly passage: Passage;
      readonly roomId: RoomId;
      readonly eventId: EventId;
      readonly pdu: JsonObject;
      readonly enterLarge?: () => Promise<void>;
      readonly omitMembers?: boolean;
    },
  ): Promise<JsonObject> {
    const { passage, roomId, eventId, pdu, enterLarge, omitMembers } = signed;
    const version = passage === 'knock' ? 'v1' : 'v2';
    const isJoin = passage === 'join';
    const query = omitMembers ? '?omit_members=true' : '';
    const answer = await this.#client.ask(server, {
      method: 'PUT',
      path: `/_matrix/federation/${version}/send_${passage}/${pathOf(roomId, eventId)}${query}`,
      content: pdu,
      answersWithinMs: isJoin ? ROOM_WITHIN_MS : SMALL_WITHIN_MS,
      bytesMax: isJoin ? ROOM_BYTES_MAX : SMALL_BYTES_MAX,
      lists: STATE,
      large: enterLarge && { ...LARGE, enter: enterLarge },
    });
    return objectIn(server, answer);
  }

  async state(
    server: ServerName,
    asked: { roomId: RoomId; eventId: EventId; enterLarge: () => Promise<void> },
  ): Promise<JsonObject> {
    const { roomId, eventId, enterLarge } = asked;
    const answer = await this.#client.ask(server, {
      method: 'GET',
      path: `/_matrix/federation/v1/state/${pathOf(roomId)}?event_id=${encodeURIComponent(eventId)}`,
      ...{ answersWithinMs: ROOM_WITHIN_MS, bytesMax: ROOM_BYTES_MAX, lists: STATE },
      large: { ...LARGE, enter: enterLarge },
    });
    return objectIn(server, answer);
  }

  /** By the second version, and where the server does not know that by the first, which knows the first versions of rooms alone. */
  async invite(server: ServerName, invite: Invite): Promise<JsonObject> {
    const { roomId, eventId, version, pdu: event, state: invite_room_state } = invite;
    const path = pathOf(roomId, eventId);
    const put = (api: string, content: JsonObject) =>
      this.#client.ask(server, {
        ...{ method: 'PUT', path: `/_matrix/federation/${api}/invite/${path}`, content },
        ...{ ...SMALL, keepsNumbers: true },
      });
    const answer = await put('v2', { event, room_version: version, invite_room_state }).catch(
      (error: unknown) => {
        if (!isUnknownEndpoint(error) || !FIRST_VERSIONS.has(version)) throw error;
        return put('v1', { ...event, unsigned: { invite_room_state } });
      },
    );
    const [, first] = Array.isArray(answer) ? answer : [200, answer];
    const { event: signed } = objectIn(server, first ?? null);
    return objectIn(server, signed ?? null);
  }

  async recommendation(server: ServerName, pdu: JsonObject, withinMs: number): Promise<JsonObject> {
    const answer = await this.#client.ask(server, {
      ...{ method: 'POST', path: '/_matrix/policy/v1/sign', content: pdu },
      ...{ answersWithinMs: withinMs, bytesMax: RECOMMENDATION_BYTES_MAX },
    });
    return objectIn(server, answer);
  }

  async resolveAlias(
    alias: RoomAlias,
  ): Promise<{ roomId: RoomId; servers: ServerName[] } | undefined> {
    const server = serverNameOf(alias);
    const path = `/_matrix/federation/v1/query/directory?room_alias=${encodeURIComponent(alias)}`;
    const asked = { method: 'GET', path, ...SMALL } as const;
    const answer = await this.#client.ask(server, asked).catch(notThere);
    if (answer === undefined) return undefined;
    const { room_id, servers } = objectIn(server, answer);
    const roomId = parsedIn(room_id, parseRoomId);
    if (!roomId) throw new ServerUnreachable(`${server} does not say which room ${alias} is`);
    return { roomId, servers: [...new Set([server, ...namesIn(servers)])] };
  }
}

interface Invite {
  readonly roomId: RoomId;
  readonly eventId: EventId;
  readonly version: string;
  readonly pdu: JsonObject;
  /** As it was signed. */
  readonly state: readonly JsonObject[];
}

const FIRST_VERSIONS: ReadonlySet<string> = new Set(['1', '2']);

const isUnknownEndpoint = (error: unknown): boolean =>
  error instanceof MatrixError && error.status === 404 && error.errcode === 'M_UNRECOGNIZED';

const LARGE = { fromBytes: LARGE_FROM_BYTES, withinMs: LARGE_WITHIN_MS };
const SMALL = { answersWithinMs: SMALL_WITHIN_MS, bytesMax: SMALL_BYTES_MAX };

const pathOf = (...ids: readonly string[]): string => ids.map(encodeURIComponent).join('/');

function objectIn(server: ServerName, answer: JsonValue): JsonObject {
  if (isObject(answer)) return answer;
  throw new ServerUnreachable(`${server} answers something that is no object`);
}

const namesIn = (list: JsonValue | undefined): ServerName[] =>
  (Array.isArray(list) ? list : [])
    .slice(0, ALIAS_SERVERS_MAX)
    .flatMap((each) => parsedIn(each, parseServerName) ?? []);
