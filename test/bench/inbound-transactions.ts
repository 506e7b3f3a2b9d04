import { loadavg } from 'node:os';
import { parseJson } from '../../server/http/body/json.ts';
import { notKept } from '../../server/log/outcomes.ts';
import type { FindKey } from '../../server/protocol/event-signatures.ts';
import type { RoomId, ServerName, UserId } from '../../server/protocol/identifiers.ts';
import type { JsonObject } from '../../server/protocol/json.ts';
import { verifyKeyFrom } from '../../server/protocol/signing-keys.ts';
import { isSignedBy, parseXMatrix, xMatrixHeader } from '../../server/protocol/x-matrix.ts';
import { type ForeignDraft, foreignServers, keyOf } from '../support/foreign-server.ts';
import { buildHouse } from '../support/house.ts';
import { cpuMsOfTree } from './cpu.ts';
import { ownDatabase } from './own-database.ts';

const EVENTS = 50;
const [WARM_UP, MEASURED, ROUNDS] = [20, 40, 3];
const alice = '@alice:example.org' as UserId;
const far = 'far.example' as ServerName;
const dora = `@dora:${far}` as UserId;

/**
 * `node test/bench/inbound-transactions.ts`: what a transaction of 50 messages in one room costs, from its bytes until all of it
 * is committed: JSON, the signature of the request, 50 of events, hashes, rules, rows. Without the socket, and without fetching keys.
 */
async function measure() {
  await using fresh = await ownDatabase({ connectionsMax: 4 });
  const { writer, features } = await buildHouse(fresh, {
    underRooms: { eventKeys: async () => keyInMemory },
  });
  const { rooms, transactions } = { ...features.rooms.ports, ...features.transactions.ports };
  const roomId = await rooms.create(alice, { preset: 'public_chat' }, {});
  const foreign = foreignServers(fresh);
  const join = { membership: 'join' };
  const draft = { sender: dora, type: 'm.room.member', stateKey: dora, content: join };
  await transactions.take(
    far,
    { pdus: [(await foreign.event(roomId, draft)).pdu], edus: [] },
    notKept,
  );
  const take = async (bytes: Buffer, authorization: string) => {
    const content = parseJson(bytes) as { pdus: JsonObject[]; edus: JsonObject[] };
    if (!isSignedBy(requestOf(content), parseXMatrix(authorization)!, KEY)) throw new Error('sig');
    const outcomes = await transactions.take(far, content, notKept);
    const taken = Object.values(outcomes).filter((each) => !('error' in each)).length;
    if (taken !== EVENTS) throw new Error(`${taken} of ${EVENTS} events were taken`);
  };
  for (let round = 0; round <= ROUNDS; round++) {
    const made = await madeTransactions(foreign, roomId, round === 0 ? WARM_UP : MEASURED);
    const before = {
      own: process.cpuUsage(),
      all: cpuMsOfTree(process.pid),
      at: performance.now(),
    };
    for (const { bytes, authorization } of made) await take(bytes, authorization);
    if (round > 0) tell(before);
  }
  await features.close();
  await writer.close();
}

const KEY = verifyKeyFrom(keyOf(far).publicKey)!;

/** As a server's keys are that was heard of before. */
const keyInMemory: FindKey = () => ({ key: KEY, validUntilTs: Number.MAX_SAFE_INTEGER });

const requestOf = (content: JsonObject) => ({
  ...{ method: 'PUT', uri: '/_matrix/federation/v1/send/1', origin: far },
  ...{ destination: 'example.org' as ServerName, content },
});

/** Each message built on the one before it, as a server sends what one of its users says. */
async function madeTransactions(
  foreign: ReturnType<typeof foreignServers>,
  roomId: RoomId,
  count: number,
) {
  const made: { bytes: Buffer; authorization: string }[] = [];
  let after: ForeignDraft['after'];
  let authEvents: ForeignDraft['authEvents'];
  for (let each = 0; each < count; each++) {
    const pdus: JsonObject[] = [];
    for (let index = 0; index < EVENTS; index++) {
      const content = { msgtype: 'm.text', body: `message ${each} ${index} ${'x'.repeat(60)}` };
      const message = { sender: dora, type: 'm.room.message', content };
      const event = await foreign.event(roomId, {
        ...{ ...message, ...(after && { after }), ...(authEvents && { authEvents }) },
      });
      after = [event.eventId];
      authEvents = event.pdu.auth_events as ForeignDraft['authEvents'];
      pdus.push(event.pdu);
    }
    const content = { origin: far, origin_server_ts: 1, pdus, edus: [] } as JsonObject;
    const authorization = xMatrixHeader(requestOf(content), keyOf(far));
    made.push({ bytes: Buffer.from(JSON.stringify(content)), authorization });
  }
  return made;
}

function tell(before: { own: NodeJS.CpuUsage; all: number; at: number }) {
  const { user, system } = process.cpuUsage(before.own);
  const own = (user + system) / 1_000 / MEASURED;
  const all = (cpuMsOfTree(process.pid) - before.all) / MEASURED;
  const wall = (performance.now() - before.at) / MEASURED;
  console.log(
    `a transaction of ${EVENTS} PDUs: ${own.toFixed(1)} ms CPU of the server, ${all.toFixed(1)} ms with PostgreSQL, ${wall.toFixed(1)} ms by the clock (load ${loadavg()[0]!.toFixed(1)})`,
  );
}

await measure();
