import type { RoomId, UserId } from '../../../server/protocol/identifiers.ts';
import { cpuMsOf, cpuMsOfTree } from '../cpu.ts';
import { allRooms, eachOf, hot, postgresPid, rounds, startEngine } from './engine.ts';
import { shuffled } from './shuffled.ts';

const COLD_ROOMS = 1_000;
const MB = 1_048_576;

const { engine, database, close } = await startEngine();
const rooms = await allRooms(database);
const bare = memory();

// Spread over all rooms, as those that are used are.
const step = Math.floor(rooms.length / hot);
const used = Array.from({ length: hot }, (_, index) => rooms[index * step]!);
// Whose client asks is there already, and the server has run for a while.
for (const userId of new Set(rooms.map((room) => room.userId))) await engine.roomsOf(userId);
await openCold(used.slice(0, COLD_ROOMS));
const cold = await openCold(used.slice(COLD_ROOMS, 2 * COLD_ROOMS));

let [peak, heapPeak] = [0, 0];
const begin = process.cpuUsage();
for (let round = 0; round < rounds; round++) {
  await eachOf(shuffled(used), 64, async (room) => {
    const draft = { sender: room.userId, type: 'm.room.message' };
    const content = { msgtype: 'm.text', body: `Something of the usual length, round ${round}` };
    await engine.send(room.roomId, { ...draft, content }, {});
    await look(room);
    const { rss, heapUsed } = process.memoryUsage();
    peak = Math.max(peak, rss);
    heapPeak = Math.max(heapPeak, heapUsed);
  });
}
const { user, system } = process.cpuUsage(begin);

console.log(
  `a cold room: ${spread(cold.took)}; CPU: ${spread(cold.cpu)}, with that of PostgreSQL: ${spread(cold.all)}`,
);
console.log(
  `${hot * rounds} messages and looks: ${((user + system) / 1_000 / hot / rounds).toFixed(2)} ms CPU each`,
);
const { heapTotal, external, arrayBuffers } = process.memoryUsage();
console.log(
  `heap with its free pages: ${(heapTotal / MB).toFixed(0)} MiB; outside of it ${(external / MB).toFixed(0)}, buffers ${(arrayBuffers / MB).toFixed(0)}`,
);
const after = memory();
console.log(
  `resident: ${bare.resident} MiB before, ${(peak / MB).toFixed(0)} at the peak (heap ${(heapPeak / MB).toFixed(0)}), ${after.resident} after`,
);
const live = after.live - bare.live;
const { rooms: kept, bytes } = engine.memory;
console.log(
  `live: ${bare.live} MiB before, ${live} more, for ${kept} rooms in memory (${((live * MB) / kept / 1_000).toFixed(1)} kB each, by the engine's own count ${(bytes / kept / 1_000).toFixed(1)} kB)`,
);
await close();

/**
 * One after the other: how long each took, what it cost here, and together with PostgreSQL. One waits for the other,
 * so on a machine that has a core for them it takes little more.
 */
async function openCold(some: readonly (typeof rooms)[number][]) {
  const [took, cpu, all]: [number[], number[], number[]] = [[], [], []];
  for (const room of some) {
    const [own, postgres] = [cpuMsOf(process.pid), cpuMsOfTree(postgresPid)];
    took.push(await milliseconds(() => look(room)));
    const spent = cpuMsOf(process.pid) - own;
    cpu.push(spent);
    all.push(spent + cpuMsOfTree(postgresPid) - postgres);
  }
  return { took, cpu, all };
}

/** What a client's /sync asks of a room. */
async function look({ roomId, userId }: { roomId: RoomId; userId: UserId }): Promise<void> {
  const own = await engine.roomsOf(userId);
  if (own.get(roomId)?.membership !== 'join') throw new Error(`${userId} is not in ${roomId}`);
  const room = (await engine.open(roomId))!;
  const { events } = await room.timeline({ after: 0, upTo: room.lastPosition, limit: 10 });
  await room.visibleTo(userId, events);
  await room.state();
}

async function milliseconds(work: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function spread(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)]!.toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

function memory() {
  globalThis.gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { resident: Math.round(rss / MB), live: Math.round((heapUsed + external) / MB) };
}
