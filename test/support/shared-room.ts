import type { EventId, RoomId, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../server/protocol/json.ts';
import { MatrixError } from '../../server/protocol/matrix-error.ts';
import type { Authority } from './certificates.ts';
import { type FederatingServer, startFederating } from './federating.ts';

/** As one of them asks the other over TLS. */
export const asked = (
  from: FederatingServer,
  to: FederatingServer,
  path: string,
  content?: JsonValue,
) =>
  from.features.federationClient.ask(to.name, {
    ...{ method: content === undefined ? 'GET' : 'POST', path: `/_matrix/federation/v1${path}` },
    ...(content !== undefined && { content }),
  }) as Promise<JsonObject>;

export async function refusal(answer: Promise<unknown>) {
  const error = await answer.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof MatrixError ? [error.status, error.errcode] : error;
}

/** For one test: a room of ours in which somebody of another server is. */
export async function sharedRoomAt(authority: Authority, options: JsonObject = {}) {
  const [here, there] = [await startFederating(authority), await startFederating(authority)];
  const token = await here.register('alice');
  return sharedRoomOn(here, there, token, options);
}

export async function sharedRoomOn(
  here: FederatingServer,
  there: FederatingServer,
  token: string,
  { isTheirsIn = true, ...options }: JsonObject = {},
) {
  const body = { preset: 'public_chat', ...options };
  const roomId = (await here.ask('POST /createRoom', { token, body })).body.room_id as RoomId;
  const { rooms } = here.features;
  const bob = `@bob:${there.name}` as UserId;
  const theirs = { sender: bob, target: bob };
  if (isTheirsIn) await rooms.changeMembership(roomId, { ...theirs, action: 'join' }, {});
  let sent = 0;
  const put = async (path: string, content: JsonObject) =>
    (await here.ask(`PUT /rooms/${encodeURIComponent(roomId)}${path}`, { token, body: content }))
      .body.event_id as EventId;
  return {
    ...{ here, there, token, roomId, rooms, theirs },
    ask: (path: string, content?: JsonValue) => asked(there, here, path, content),
    say: (text: string) => put(`/send/m.room.message/${++sent}`, { msgtype: 'm.text', body: text }),
    /** Of theirs. */
    membership: async () => (await rooms.open(roomId))?.membershipOf(bob),
    /** Of all events of the server. */
    async count() {
      const [row] = await here.fresh.database.query<{ count: number }>(
        'count_events',
        'SELECT count(*)::int8 AS count FROM event',
      );
      return row!.count;
    },
    set: (type: string, content: JsonObject) => put(`/state/${type}/`, content),
  };
}
