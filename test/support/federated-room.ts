import { onTestFinished } from 'vitest';
import type { SendingBounds } from '../../server/federation/sending/sending.ts';
import type { RoomId, UserId } from '../../server/protocol/identifiers.ts';
import { type ApiOptions, type ApiServer, PASSWORD, startApi } from './api-server.ts';
import type { Authority } from './certificates.ts';
import type { FederationPeer } from './federation-peer.ts';
import { type FreshDatabase, freshDatabase } from './postgres.ts';
import { putRemoteMember } from './remote-members.ts';

/** A server with one who speaks, in rooms of theirs in which others are. */
export interface Home {
  server: ApiServer;
  readonly token: string;
  /** The first. */
  readonly roomId: RoomId;
  /** What the log would have been told, but for what a client sees. */
  readonly reported: Error[];
  addRoom(): Promise<RoomId>;
  /** On another device of the one who speaks; its token. */
  login(deviceId: string): Promise<string>;
  /** Resolves with the id of the event. */
  say(text: string, roomId?: RoomId): Promise<string>;
  member(peer: FederationPeer, membership?: string, roomId?: RoomId): Promise<void>;
  /** The next writer on the same database; the one before is ended, or is not even told. */
  restart(how?: 'ended' | 'forgotten'): Promise<void>;
}

export const memberOf = ({ name }: FederationPeer) => `@them:${name}` as UserId;

let txns = 0;

interface HomeGround {
  readonly fresh: FreshDatabase;
  readonly sending: SendingBounds;
  readonly reported: Error[];
  readonly options: Pick<ApiOptions, 'retention'>;
}

const serve = (authority: Authority, { fresh, sending, reported, options }: HomeGround) =>
  startApi({
    ...options,
    fresh,
    federation: {
      ...{ enabled: true, ca: authority.ca, peers: new Map(), deny: [] },
      allowNetworks: ['127.0.0.0/8', '::1'],
      sending,
    },
    onError: (error) => void reported.push(error as Error),
  });

export async function startHome(
  authority: Authority,
  sending: SendingBounds = {},
  options: Pick<ApiOptions, 'retention'> = {},
): Promise<Home> {
  const fresh = await freshDatabase();
  const reported: Error[] = [];
  const ground = { fresh, sending, reported, options };
  const servers = [await serve(authority, ground)];
  const token = await servers[0]!.register('alice');
  const addRoom = async () => {
    const { body } = await servers.at(-1)!.ask('POST /createRoom', { token, body: {} });
    return body.room_id as RoomId;
  };
  const first = await addRoom();
  onTestFinished(async () => {
    for (const each of servers.toReversed()) await each[Symbol.asyncDispose]();
    await fresh[Symbol.asyncDispose]();
  });
  const home: Home = {
    ...{ server: servers[0]!, token, roomId: first, reported, addRoom },
    async login(deviceId) {
      const identifier = { type: 'm.id.user', user: 'alice' };
      const body = {
        type: 'm.login.password',
        identifier,
        password: PASSWORD,
        device_id: deviceId,
      };
      return (await home.server.ask('POST /login', { body })).body.access_token;
    },
    async say(text, roomId = first) {
      const path = `PUT /rooms/${roomId}/send/m.room.message/${++txns}`;
      const sent = { token, body: { msgtype: 'm.text', body: text } };
      return (await home.server.ask(path, sent)).body.event_id;
    },
    async member(peer, membership = 'join', roomId = first) {
      const member = { userId: memberOf(peer), membership };
      await putRemoteMember({ log: home.server.writer, database: fresh.database }, roomId, member);
    },
    async restart(how = 'ended') {
      if (how === 'ended') await servers.pop()![Symbol.asyncDispose]();
      home.server = await serve(authority, ground);
      servers.push(home.server);
    },
  };
  return home;
}
