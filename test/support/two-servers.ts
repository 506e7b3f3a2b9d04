import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { Authority } from './certificates.ts';
import { type FederatingServer, startFederating } from './federating.ts';

export interface SyncedRoom {
  readonly state: { readonly events: readonly JsonObject[] };
  readonly timeline: { readonly events: readonly JsonObject[]; readonly limited: boolean };
}

/** One who is at a server. */
export interface Person {
  readonly server: FederatingServer;
  readonly userId: string;
  readonly token: string;
  post(path: string, body?: JsonObject): Promise<{ status: number; body: JsonObject }>;
  put(path: string, body: JsonObject): Promise<JsonObject>;
  say(roomId: RoomId, text: string): Promise<JsonObject>;
  createRoom(options?: JsonObject): Promise<RoomId>;
  /** The rooms of a /sync from the start. */
  rooms(): Promise<Record<'join' | 'invite' | 'knock' | 'leave', Record<string, SyncedRoom>>>;
  joined(roomId: RoomId): Promise<SyncedRoom | undefined>;
}

let sent = 0;

export async function personAt(server: FederatingServer, localpart: string): Promise<Person> {
  const token = await server.register(localpart);
  const person: Person = {
    ...{ server, token, userId: `@${localpart}:${server.name}` },
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
    async rooms() {
      const { body } = await server.ask('GET /sync', { token });
      return { join: {}, invite: {}, knock: {}, leave: {}, ...body.rooms };
    },
    joined: async (roomId) => (await person.rooms()).join[roomId],
  };
  return person;
}

/** Alice at one server, and Bob at another, for one test. */
export async function aliceAndBob(authority: Authority): Promise<[Person, Person]> {
  const [here, there] = [await startFederating(authority), await startFederating(authority)];
  return [await personAt(here, 'alice'), await personAt(there, 'bob')];
}

/** Of a state or timeline, as `type state_key`. */
export const keysOf = (events: readonly JsonObject[]): string[] =>
  events.map(({ type, state_key }) => `${type} ${state_key ?? ''}`.trim());
