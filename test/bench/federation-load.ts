import { setTimeout as sleep } from 'node:timers/promises';
import type { RoomId } from '../../server/protocol/identifiers.ts';
import type { FreshDatabase } from '../support/postgres.ts';
import {
  cpuOf,
  each,
  federationTo,
  type House,
  onGround,
  type Peers,
  p99,
  print,
  roomWith,
  say,
  start,
  stop,
} from './federation-ground.ts';
import { idleDestinationBytes } from './federation-memory.ts';
import type { Told } from './federation-wishes.ts';

// `node --expose-gc test/bench/federation-load.ts [SERVERS [PART]]`: what it costs to send to other servers, which are mocks in a
// process of their own, behind real TLS. CPU is of this process, which is the server alone. Parts: cpu, dead, catch-up.

const SERVERS = Number(process.argv[2] ?? 1_000);
const isAsked = (part: string) => part === (process.argv[3] ?? part);
const DEAD = Math.floor(SERVERS * 0.3);
const OF_A_ROOM = Math.min(50, Math.floor(SERVERS / 4));
/** As many before the first is measured. A hundred pieces in turn: the median of ten is that of whatever the machine did just then. */
const MESSAGES = 1_500;

async function measure(): Promise<void> {
  print(`an idle destination: ${idleDestinationBytes()} bytes`);
  await onGround(async ({ fresh, peers, ca }) => {
    const federation = federationTo({ port: peers.port, ca }, SERVERS);
    let house = await start(fresh, federation);
    const rooms = await makeRooms(house, fresh);
    if (isAsked('cpu')) await measureCpu(house, rooms, peers);
    if (isAsked('dead')) await measureDead(house, rooms, peers);
    const again = () => start(fresh, federation);
    if (isAsked('catch-up')) house = await measureCatchUp(house, rooms, { peers, again });
    await stop(house);
  });
}

interface Rooms {
  readonly own: RoomId;
  readonly fifty: RoomId;
  readonly living: RoomId;
  readonly all: RoomId;
}

async function makeRooms(house: House, fresh: FreshDatabase): Promise<Rooms> {
  const all = Array.from({ length: SERVERS }, (_, index) => index);
  const roomOf = (from: number, to: number) => roomWith(house, fresh, all.slice(from, to));
  return {
    own: await roomOf(0, 0),
    fifty: await roomOf(SERVERS - OF_A_ROOM, SERVERS),
    living: await roomOf(DEAD, SERVERS),
    all: await roomOf(0, SERVERS),
  };
}

const sayAll = async (house: House, roomId: RoomId, count = MESSAGES) => {
  for (let each = 0; each < count; each++) await say(house, roomId);
};

async function measureCpu(house: House, { own, fifty }: Rooms, peers: Peers): Promise<void> {
  for (const roomId of [own, fifty]) await sayAll(house, roomId);
  await peers.took(MESSAGES * OF_A_ROOM);
  let told: Told | undefined;
  const whole = await cpuOf(async () => {
    await sayAll(house, fifty);
    told = await peers.took(MESSAGES * OF_A_ROOM);
  });
  peers.tell({ kind: 'behave', as: 'paused', count: SERVERS });
  await say(house, fifty);
  await sleep(2_000);
  const [alone, queued] = await inTurn(house, own, fifty);
  peers.tell({ kind: 'behave' });
  const { transactions } = told!;
  const ratios = queued.map((ms, index) => ms / alone[index]!);
  print(`a message to nobody else: ${median(alone).toFixed(3)} ms CPU`);
  print(`one for ${OF_A_ROOM} servers, until it is queued: ${median(queued).toFixed(3)} ms`);
  print(`  of one to nobody else just before it: ${median(ratios).toFixed(2)}`);
  const sent = whole - MESSAGES * median(queued);
  print(`a transaction: ${each(sent, transactions)} ms (${transactions} of them)`);
}

const IN_TURN = 15;

/** CPU of a message, by pieces of so many: whatever else the machine does meets both alike. What is said waits for servers that pause. */
async function inTurn(house: House, own: RoomId, fifty: RoomId): Promise<[number[], number[]]> {
  const pieces: [number[], number[]] = [[], []];
  for (let said = 0; said < MESSAGES; said += IN_TURN) {
    for (const [index, roomId] of [own, fifty].entries()) {
      const ms = await cpuOf(async () => {
        await sayAll(house, roomId, IN_TURN);
        await sleep(GIVEN_WITHIN_MS);
      });
      pieces[index]!.push(ms / IN_TURN);
    }
  }
  return pieces;
}

/** Also the last of a piece. */
const GIVEN_WITHIN_MS = 30;

const median = (all: readonly number[]): number =>
  all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)]!;

async function measureDead(house: House, { living, all }: Rooms, peers: Peers): Promise<void> {
  const count = SERVERS - DEAD - OF_A_ROOM;
  const paced = async (roomId: RoomId) => {
    for (let each = 0; each < 20; each++) {
      await say(house, roomId);
      await sleep(250);
    }
  };
  await say(house, living);
  await peers.took(count);
  await paced(living);
  const alone = await peers.took(20 * count);
  peers.tell({ kind: 'behave', as: 'dead', count: DEAD });
  await paced(all);
  const beside = await peers.took(20 * count);
  print(
    `${count} living servers, p99 alone ${p99(alone.latenciesMs)} ms, beside ${DEAD} dead ones ${p99(beside.latenciesMs)} ms; ${beside.connectionsMost} connections at most`,
  );
  peers.tell({ kind: 'behave' });
}

/** All are away, and the server ends; then it begins, and all are there. */
async function measureCatchUp(
  house: House,
  { all, own }: Rooms,
  { peers, again }: { peers: Peers; again: () => Promise<House> },
): Promise<House> {
  // Else nobody knows of them that they ever were there.
  await say(house, all);
  await peers.took(SERVERS);
  peers.tell({ kind: 'behave', as: 'away', count: SERVERS });
  await sayAll(house, all, 10);
  await sleep(3_000);
  await stop(house);
  peers.tell({ kind: 'behave' });
  await peers.ask();
  const next = await again();
  const begin = performance.now();
  const done = peers.took(10 * SERVERS);
  let isDone = false;
  void done.then(() => (isDone = true));
  const sendsMs: number[] = [];
  while (!isDone) {
    const sent = performance.now();
    await say(next, own);
    sendsMs.push(performance.now() - sent);
    await sleep(20);
  }
  const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
  print(
    `${SERVERS} servers caught up in ${seconds} s; local sends meanwhile p99 ${p99(sendsMs)} ms`,
  );
  return next;
}

await measure();
