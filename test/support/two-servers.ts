import type { FederationSettings } from '../../server/federation/features.ts';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { Authority } from './certificates.ts';
import { type FederatingServer, startFederating } from './federating.ts';

export interface SyncedRoom {
  readonly state: { readonly events: readonly JsonObject[] };
  readonly timeline: { readonly events: readonly JsonObject[]; readonly limited: boolean };
}

/** Of the room versions those that are tried between servers. */
export const VERSIONS = ['1', '6', '9', '10', '11', '12'];

/** One who is at a server. */
export interface Person {
  readonly server: FederatingServer;
  readonly userId: string;
  readonly token: string;
  get(path: string): Promise<JsonObject>;
  post(path: string, body?: JsonObject): Promise<Answer>;
  put(path: string, body: JsonObject): Promise<JsonObject>;
  say(roomId: RoomId, text: string): Promise<JsonObject>;
  createRoom(options?: JsonObject): Promise<RoomId>;
  /** By way of a server that is in it. */
  join(roomId: RoomId, via: { readonly name: string }): Promise<Answer>;
  /** The rooms of a /sync from the start. */
  rooms(): Promise<Record<'join' | 'invite' | 'knock' | 'leave', Record<string, SyncedRoom>>>;
  joined(roomId: RoomId): Promise<SyncedRoom | undefined>;
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
}

let sent = 0;

export async function personAt(server: FederatingServer, localpart: string): Promise<Person> {
  const token = await server.register(localpart);
  const person: Person = {
    ...{ server, token, userId: `@${localpart}:${server.name}` },
    get: async (path) => (await server.ask(`GET ${path}`, { token })).body,
    post: (path, body = {}) => server.ask(`POST ${path}`, { token, body }),
    put: async (path, body) => (await server.ask(`PUT ${path}`, { token, body })).body,
    say: (roomId, body) =>
      person.put(`/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${++sent}`, {
        ...{ msgtype: 'm.text', body },
      }),
    async createRoom(options = {}) {
      const answer = await person.post('/createRoom', { preset: 'public_chat', ...options });
      return answer.body.room_id as RoomId;
    },
    join: (roomId, via) => person.post(`/join/${encodeURIComponent(roomId)}?via=${via.name}`),
    async rooms() {
      const { body } = await server.ask('GET /sync', { token });
      return { join: {}, invite: {}, knock: {}, leave: {}, ...body.rooms };
    },
    joined: async (roomId) => (await person.rooms()).join[roomId],
  };
  return person;
}

/** Alice at one server, and Bob at another, for one test. */
export async function aliceAndBob(
  authority: Authority,
  federation: Partial<FederationSettings> = {},
): Promise<[Person, Person]> {
  const here = await startFederating(authority, { federation });
  const there = await startFederating(authority, { federation });
  return [await personAt(here, 'alice'), await personAt(there, 'bob')];
}

/** How rooms of other servers are joined: with all members, or those behind the join. */
export const JOINING = [
  ['with its members', { fasterJoins: 'never' }],
  ['before its members', { fasterJoins: 'always', joinWaitsMs: 60_000 }],
] as const;

/** Of a state or timeline, as `type state_key`. */
export const keysOf = (events: readonly JsonObject[]): string[] =>
  events.map(({ type, state_key }) => `${type} ${state_key ?? ''}`.trim());

export const idOf = ({ event_id }: JsonObject) => event_id;

/** Of those that have one. */
export const bodiesOf = (events: readonly JsonObject[]) =>
  events.flatMap(({ content }) => (content as JsonObject).body ?? []);

/** All that a room's /messages give, from a token or the end, the newest first: `page` asks for one by its query. */
export async function pagedBack(
  page: (query: string) => Promise<JsonObject>,
  limit: number,
  begin = '',
): Promise<JsonObject[]> {
  const seen: JsonObject[] = [];
  for (let from = begin; ; ) {
    const { chunk, end } = await page(`dir=b&limit=${limit}${from && `&from=${from}`}`);
    seen.push(...(chunk as JsonObject[]));
    if (typeof end !== 'string') return seen;
    from = end;
  }
}
