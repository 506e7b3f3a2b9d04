import { execFileSync } from 'node:child_process';
import { availableParallelism, loadavg, release, totalmem } from 'node:os';

const GIB = 2 ** 30;
/** Three sites of the larger system, the clients and what the database caches. */
const MEMORY_MIN = 2.5 * GIB;

/** In a picture's caption: on what a run was made. */
export const machine = (): string =>
  `${availableParallelism()} cores, ${Math.round(totalmem() / GIB)} GiB, Linux ${release().split('-')[0]}`;

export const loadNow = (): number => Math.round(loadavg()[0]! * 10) / 10;

export const commit = (): string =>
  execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], { encoding: 'utf8' }).trim();

export const lacksMemory = (free = process.availableMemory()): boolean => free < MEMORY_MIN;
