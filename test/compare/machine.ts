import { execFileSync } from 'node:child_process';
import { availableParallelism, loadavg, release, totalmem } from 'node:os';

const GIB = 2 ** 30;
/** Three sites of the larger system, the clients and what the database caches. */
const MEMORY_MIN = 2.5 * GIB;

/** What was measured, and as each file of results has it, when and where that was. */
export async function ranBeside<T>(measure: () => Promise<T>) {
  const [before, at] = [loadNow(), new Date().toISOString()];
  const measured = await measure();
  const load: [number, number] = [before, loadNow()];
  return { measured, ran: { at, commit: commit(), machine: machine(), load } };
}

export const lacksMemory = (free = process.availableMemory()): boolean => free < MEMORY_MIN;

/** In a picture's caption: on what a run was made. */
const machine = (): string =>
  `${availableParallelism()} cores, ${Math.round(totalmem() / GIB)} GiB, Linux ${release().split('-')[0]}`;

const loadNow = (): number => Math.round(loadavg()[0]! * 10) / 10;

const commit = (): string =>
  execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], { encoding: 'utf8' }).trim();
