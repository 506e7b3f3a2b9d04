import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createPlain } from 'node:net';
import type { JsonObject } from '../../../server/protocol/json.ts';
import { publishedKeys } from '../../../server/protocol/server-keys.ts';
import { signJson } from '../../../server/protocol/signatures.ts';
import { nameOf } from '../federation-wishes.ts';
import { fateOf, keyOf, type MadeRoom, madeRoom, VERSION } from './made-room.ts';

// A process of its own, so that its CPU is not the server's: all servers of a large room behind one port, told apart by
// name. The first is resident, and says which room it is; of the others' keys it knows, as a notary, those of the living.

const [certificate, key, members, servers] = process.argv.slice(2);
const room: MadeRoom = madeRoom(Number(members), Number(servers));
const VALID_UNTIL = Date.now() + 24 * 3_600_000;

/** It takes every connection, and never says a word. */
const silent = createPlain(() => {}).listen(0, '127.0.0.1');
const server = createServer(
  { cert: readFileSync(certificate!), key: readFileSync(key!) },
  (request, answer) => void answered(request, answer),
).listen(0, '127.0.0.1', () => {
  const [port, silentPort] = [server, silent].map((each) => (each.address() as AddressInfo).port);
  process.send!({ port, silentPort, roomId: room.roomId });
});
process.on('disconnect', () => process.exit());

async function answered(request: IncomingMessage, answer: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
  const path = request.url ?? '';
  const told = (value: JsonObject) => void answer.end(JSON.stringify(value));
  if (path === '/_matrix/key/v2/server') return told(keysOf(request.headers.host!));
  if (path === '/_matrix/key/v2/query') return told(notarized(body));
  if (path.includes('/hierarchy/'))
    return told({ room: { num_joined_members: Number(members) }, children: [] });
  if (path.includes('/make_join/')) return told(template(decodeURIComponent(path)));
  if (path.includes('/send_join/'))
    return tellRoom(body, answer, path.includes('omit_members=true'));
  if (path.includes('/state/')) return tellState(answer);
  if (path.includes('/send/')) return told({ pdus: {} });
  answer.writeHead(404).end('{"errcode":"M_NOT_FOUND","error":"Nothing is here"}');
}

const keysOf = (name: string) =>
  publishedKeys(name as never, { current: keyOf(name), old: [] }, VALID_UNTIL);

const isLiving = (name: string): boolean =>
  fateOf(Number(/^p(\d+)\.peers\.test$/.exec(name)?.[1])) === 'living';

function notarized({ server_keys }: { server_keys: Record<string, unknown> }): JsonObject {
  const names = Object.keys(server_keys).filter(isLiving);
  return {
    server_keys: names.map((name) => signJson(keysOf(name), nameOf(0), keyOf(nameOf(0)))),
  };
}

function template(path: string): JsonObject {
  const userId = /(@[^/?]+)/.exec(path)![1]!;
  return {
    room_version: VERSION,
    event: {
      ...{ type: 'm.room.member', room_id: room.roomId, sender: userId, state_key: userId },
      ...{ content: { membership: 'join' }, depth: room.depth + 1 },
      ...{ prev_events: [room.last], auth_events: [...room.joinedBy] },
      origin_server_ts: Date.now(),
    },
  };
}

const isMember = (event: string): boolean => event.includes('"type":"m.room.member"');
/** By whom all that is no membership is authorized. */
const isFounder = (event: string): boolean => event.includes('"state_key":"@founder:');

function tellRoom(event: JsonObject, answer: ServerResponse, withoutMembers: boolean): void {
  answer.write(`{"event":${JSON.stringify(event)},"origin":"${nameOf(0)}",`);
  answer.write(`"members_omitted":${withoutMembers},`);
  if (withoutMembers) {
    const names = Array.from({ length: Number(servers) }, (_, index) => nameOf(index));
    const chain = room.state.filter((each) => isMember(each) && isFounder(each));
    answer.write(`"servers_in_room":${JSON.stringify(names)},`);
    answer.write(`"state":[${room.state.filter((each) => !isMember(each)).join()}],`);
    answer.end(`"auth_chain":[${chain.join()}]}`);
    return;
  }
  answer.write(`"state":[${room.state.join()}],"auth_chain":[${room.chain.join()}]}`);
  answer.end();
}

function tellState(answer: ServerResponse): void {
  answer.end(`{"pdus":[${room.state.join()}],"auth_chain":[${room.chain.join()}]}`);
}
