import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RoomId, ServerName, UserId } from '../../../server/protocol/identifiers.ts';
import type { Database } from '../../../server/storage/database.ts';
import { type Authority, certificateAuthority } from '../../support/certificates.ts';
import { freePort } from '../../support/free-port.ts';
import { buildHouse } from '../../support/house.ts';
import { type House, say, stop } from '../federation-ground.ts';
import { nameOf } from '../federation-wishes.ts';
import { ownDatabase } from '../own-database.ts';
import { fateOf } from './made-room.ts';
import { type Watched, watched } from './watched.ts';

// `node test/bench/large-join/main.ts [MEMBERS...]`: what it takes to join a large room by way of another server, of whose
// 2,000 servers 30 % cannot be reached, and what others feel of it. The other servers are a process of their own. With
// `--switchover` the writer ends when half of the events are here, and the next one on the same database joins. With `--faster`
// (`federation.fasterJoins`) the members come behind the join.

const given = process.argv.slice(2);
const SIZES = given.filter((each) => !each.startsWith('--')).map(Number);
const IS_FASTER = given.includes('--faster');
const WITH_SWITCHOVER = given.includes('--switchover');

const MEMBERS_OF_SERVER = 10;
const alice = '@alice:example.org' as UserId;
const bob = '@bob:example.org' as UserId;

async function measure(authority: Authority, members: number): Promise<void> {
  const servers = Math.ceil(members / MEMBERS_OF_SERVER);
  const resident = await startResident(authority, members, servers);
  try {
    await using fresh = await ownDatabase();
    const { database } = fresh;
    const start = () =>
      buildHouse(fresh, {
        federation: federationOf(resident, authority, servers),
        ...{ now: Date.now, onError: WITH_SWITCHOVER ? () => {} : console.error },
      });
    const { roomId } = resident;
    if (WITH_SWITCHOVER) await endsInTheMiddle(await start(), roomId, { database, members });
    const house = await start();
    const own = await house.features.rooms.ports.rooms.create(bob, { preset: 'public_chat' }, {});
    for (let each = 0; each < 100; each++) await say(house, own, bob);
    const watch = { others: () => say(house, own, bob), database };
    tell(members, 'joined', await watched(() => enter(house, roomId), watch));
    tell(members, 'first word', await watched(() => say(house, roomId, alice), watch));
    if (IS_FASTER) tell(members, 'whole', await watched(() => becomesWhole(database), watch));
    await tellWhole(database, members);
    await stop(house);
  } finally {
    resident.child.disconnect();
  }
}

const enter = ({ features }: House, roomId: RoomId) => {
  const via = [nameOf(0) as ServerName];
  const join = { sender: alice, target: alice, action: 'join', via } as const;
  return features.rooms.ports.rooms.changeMembership(roomId, join, {});
};

/** Of what is being joined half is staged, and its writer ends. */
async function endsInTheMiddle(
  house: House,
  roomId: RoomId,
  { database, members }: { database: Database; members: number },
): Promise<void> {
  const begun = performance.now();
  const ended = enter(house, roomId).catch(({ message }: Error) => message);
  const count = async () => {
    const sql = 'SELECT count(*)::int8 AS events FROM event';
    return (await database.query<{ events: number }>('staged', sql))[0]!.events;
  };
  while ((await count()) < members * 2) await sleep(50);
  await stop(house);
  const seconds = ((performance.now() - begun) / 1_000).toFixed(1);
  console.log(`${members}: the writer ended after ${seconds} s: ${await ended}`);
}

async function startResident({ issue }: Authority, members: number, servers: number) {
  const { certificate, key } = await issue(`room${members}`, { dns: ['*.peers.test'] });
  const told = [certificate, key, members, servers].map(String);
  const child = fork(join(import.meta.dirname, 'resident.ts'), told);
  const [said] = (await once(child, 'message')) as [
    { port: number; silentPort: number; roomId: RoomId },
  ];
  return { ...said, child, closedPort: await freePort() };
}

const federationOf = (
  { port, silentPort, closedPort }: Awaited<ReturnType<typeof startResident>>,
  { ca }: Authority,
  servers: number,
) => ({
  ...{
    enabled: true,
    ca,
    deny: [],
    allowNetworks: [],
    fasterJoins: IS_FASTER ? ('large' as const) : ('never' as const),
  },
  peers: new Map(
    Array.from({ length: servers }, (_, index) => {
      const ports = { living: port, silent: silentPort, 'not there': closedPort };
      return [nameOf(index), { host: '127.0.0.1', port: ports[fateOf(index)] }];
    }),
  ),
});

async function becomesWhole(database: Database): Promise<void> {
  const sql = 'SELECT 1 FROM partial_join WHERE whole_at IS NULL';
  while ((await database.query('partial', sql)).length > 0) await sleep(50);
}

/** How much of the room is here. */
async function tellWhole(database: Database, members: number) {
  const [row] = await database.query<{ events: number; joined: number; entries: number }>(
    'whole',
    `SELECT (SELECT count(*) FROM event)::int8 AS events, count(*)::int8 AS entries,
       count(*) FILTER (WHERE membership = 'join')::int8 AS joined FROM current_state`,
  );
  const { events, joined, entries } = row!;
  console.log(`${members}: ${events} events, ${entries} entries of state, ${joined} joined`);
}

function tell(members: number, what: string, each: Watched): void {
  const parts = Object.entries(each).map(([name, value]) => `${name} ${value.toFixed(1)}`);
  console.log(`${members} ${what}: ${parts.join(', ')} (load ${loadavg()[0]!.toFixed(1)})`);
}

const authority = await certificateAuthority();
try {
  for (const members of SIZES.length > 0 ? SIZES : [1_000, 5_000, 20_000])
    await measure(authority, members);
} finally {
  rmSync(authority.folder, { recursive: true, force: true });
}
