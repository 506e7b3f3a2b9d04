import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import { BenchClient } from '../client.ts';
import { startOn, type Target } from '../target.ts';
import { spend } from './hour.ts';
import { keepPeople, makePeople, type People, peopleIn, type UsedRoom } from './people.ts';

interface Hour {
  readonly folder: string;
  readonly users: number;
  readonly rooms: readonly UsedRoom[];
  /** Messages in each room. */
  readonly rounds: number;
  readonly node: readonly string[];
}

/** MiB of the server's process. */
export interface Resident {
  readonly start: number;
  readonly peak: number;
  /** Clients have gone, and nobody asks for anything. */
  readonly rest: number;
}

const REST_MS = 20_000;

const SERVER = ['--server-name', 'example.org', '--password-cost', 'for-tests'];

/** The whole server on rooms that were made before, with an empty memory, and what is resident of it in an hour. */
export async function serveRooms(hour: Hour): Promise<Resident> {
  const agent = new Agent({ connections: 2_048 });
  const people = peopleIn(hour.folder) ?? (await prepare(hour, agent));
  const resident = await serveHour(hour, people, agent);
  keepPeople(hour.folder, people);
  await agent.destroy();
  return resident;
}

async function serveHour(hour: Hour, people: People, agent: Agent): Promise<Resident> {
  await using target = await startOn(hour.folder, hour.node, { server: SERVER });
  const begin = target.resident!();
  const before = target.cpuMs();
  const messages = await spend(new BenchClient(agent, target.origin), people, hour.rounds);
  const after = target.cpuMs();
  const end = target.resident!();
  const parts = Object.entries(after).map(([part, ms]) => [part, ms - before[part]!] as const);
  const cpu = parts.map(([part, ms]) => `${(ms / messages).toFixed(2)} ${part}`).join(', ');
  console.log(`${messages} messages with all that goes with them, CPU ms/message: ${cpu}`);
  await sleep(REST_MS);
  const rest = target.resident!().now;
  console.log(
    `resident: ${begin.now} MiB at the start, ${end.most} at the peak, ${end.now} at the end, ${rest} at rest`,
  );
  console.log(await heapOf(target));
  return { start: begin.now, peak: end.most, rest };
}

async function prepare({ folder, users, rooms }: Hour, agent: Agent) {
  await using target = await startOn(folder, [], { server: SERVER });
  const people = await makePeople(new BenchClient(agent, target.origin), users, rooms);
  keepPeople(folder, people);
  return people;
}

async function heapOf(target: Target): Promise<string> {
  const metrics = await target.metrics();
  const field = (name: string) => {
    const bytes = Number(new RegExp(`^nodejs_${name}_bytes (\\S+)`, 'm').exec(metrics)?.[1]);
    return `${(bytes / 1_048_576).toFixed(0)} MiB`;
  };
  return `heap: ${field('heap_size_used')} of ${field('heap_size_total')}, outside of it ${field('external_memory')}`;
}
