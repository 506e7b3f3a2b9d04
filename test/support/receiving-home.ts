import type { RoomId, ServerName, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import type { Authority } from './certificates.ts';
import { startHome } from './federated-room.ts';
import { type FederationPeer, startPeer } from './federation-peer.ts';
import { type ForeignDraft, foreignServers } from './foreign-server.ts';

let transactions = 0;

/** A server of ours with a public room of alice, in which somebody of another server is; for one test. */
export async function receivingHome(authority: Authority, room: JsonObject = {}) {
  const home = await startHome(authority);
  const { token } = home;
  const foreign = foreignServers(home.server.fresh);
  const name = home.server.features.accounts.serverName;
  const createRoom = async (more: JsonObject = {}) => {
    const body = { preset: 'public_chat', ...room, ...more };
    return (await home.server.ask('POST /createRoom', { token, body })).body.room_id as RoomId;
  };
  const roomId = await createRoom();
  const send = (
    peer: FederationPeer,
    content: Parameters<FederationPeer['sends']>[2],
    txnId = `t${++transactions}`,
  ) => peer.sends({ origin: home.server.origin, name }, txnId, content);
  const joins = async (peer: FederationPeer, userId = userOf(peer), inRoom = roomId) => {
    const content = { membership: 'join' };
    const member = { sender: userId, type: 'm.room.member', stateKey: userId, content };
    const { pdu, eventId } = await foreign.event(inRoom, member);
    const { body } = await send(peer, { pdus: [pdu] });
    if (JSON.stringify(body) !== `{"pdus":{"${eventId}":{}}}`)
      throw new Error(`The join was answered ${JSON.stringify(body)}`);
  };
  const peer = await startPeer(authority);
  await joins(peer);
  let since = '';
  return {
    ...{ home, name: name as ServerName, token, roomId, peer, foreign, send, joins, createRoom },
    bob: userOf(peer),
    event: (draft: ForeignDraft, inRoom = roomId) => foreign.event(inRoom, draft),
    /** What alice is told next. */
    async sync(timeout = 0) {
      const path = `GET /sync?timeout=${timeout}${since && `&since=${since}`}`;
      const { body } = await home.server.ask(path, { token });
      since = body.next_batch;
      return body;
    },
    /** All that was said in the room, as alice sees it. */
    async bodies(inRoom = roomId): Promise<unknown[]> {
      const path = `GET /rooms/${inRoom}/messages?dir=b&limit=100`;
      const { body } = await home.server.ask(path, { token });
      const said = body.chunk.filter(({ type }: JsonObject) => type === 'm.room.message');
      return said.map(({ content }: { content: JsonObject }) => content.body).reverse();
    },
    async count(table: string): Promise<number> {
      const [row] = await home.server.fresh.database.query<{ count: number }>(
        `count_of_${table}`,
        `SELECT count(*)::int8 AS count FROM ${table}`,
      );
      return row!.count;
    },
  };
}

export type ReceivingHome = Awaited<ReturnType<typeof receivingHome>>;

export const userOf = ({ name }: FederationPeer, localpart = 'bob') =>
  `@${localpart}:${name}` as UserId;

export const says = (sender: UserId, body = 'said'): ForeignDraft => ({
  ...{ sender, type: 'm.room.message', content: { body, msgtype: 'm.text' } },
});
