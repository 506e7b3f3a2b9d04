import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outputOf } from '../adapters/program.ts';

/** PostgreSQL's copy at this site, as far as a promotion goes. */
export interface Copy {
  /** The timelines that it has gone through, the one that it is on last. */
  readonly chain: readonly number[];
  /** The number that PostgreSQL would give to the next one by itself. */
  readonly next: number;
  /** As chain, once it has replayed what it has received; null where that is of no other timeline. */
  readonly received: readonly number[] | null;
  /** In bytes, with what it has received and not replayed. */
  readonly lsn: number;
  /** It has received what it has not replayed yet: its timeline may be another in a moment. */
  readonly replays: boolean;
}

export interface Place {
  readonly dataDir: string;
  readonly binDir: string;
}

const ANSWERS_WITHIN_MS = 2_000;
const POSITION = `
  SELECT coalesce(received > replayed, false), greatest(received, replayed) - '0/0'
  FROM (SELECT pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) AS copy (received, replayed)`;

export async function readCopy({ dataDir, binDir }: Place): Promise<Copy> {
  const connection = 'dbname=postgres replication=database';
  const printed = await outputOf(
    join(binDir, 'psql'),
    ['-XAtq', '-d', connection, '-c', 'IDENTIFY_SYSTEM', '-c', POSITION],
    { withinMs: ANSWERS_WITHIN_MS },
  );
  const [identity = '', position = ''] = printed.split('\n');
  const [replays, lsn] = position.split('|');
  const timeline = Number(identity.split('|')[1]);
  if (!Number.isInteger(timeline)) throw new Error(`PostgreSQL names no timeline: ${printed}`);
  const wal = walOf(dataDir);
  const [chain, next, received] = await Promise.all([
    chainOf(wal, timeline),
    nextAfter(wal, timeline),
    receivedIn(wal, timeline),
  ]);
  return { chain, next, received, lsn: Number(lsn), replays: replays === 't' };
}

export const walOf = (dataDir: string): string => join(dataDir, 'pg_wal');

export const historyFile = (timeline: number): string =>
  `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;

/** The numbers of which there is a history file. */
export async function historiesIn(wal: string): Promise<number[]> {
  const names = await readdir(wal);
  return names.flatMap((name) => {
    const number = /^([0-9A-F]{8})\.history$/.exec(name)?.[1];
    return number === undefined ? [] : Number.parseInt(number, 16);
  });
}

/** timeline.c, findNewestTimeLine. */
async function nextAfter(wal: string, timeline: number): Promise<number> {
  const histories = new Set(await historiesIn(wal));
  let next = timeline + 1;
  while (histories.has(next)) next++;
  return next;
}

/** Of the highest timeline of which there is log, if it is a later one than that which was replayed. */
export async function receivedIn(wal: string, replayed: number): Promise<number[] | null> {
  const timelines = (await readdir(wal)).flatMap((name) => {
    const number = /^([0-9A-F]{8})[0-9A-F]{16}(\.partial)?$/.exec(name)?.[1];
    return number === undefined ? [] : Number.parseInt(number, 16);
  });
  const highest = Math.max(0, ...timelines);
  if (highest <= replayed) return null;
  const chain = await chainOf(wal, highest).catch((): number[] => []);
  return chain.includes(replayed) ? chain : null;
}

async function chainOf(wal: string, timeline: number): Promise<number[]> {
  if (timeline === 1) return [1];
  const text = await readFile(join(wal, historyFile(timeline)), 'utf8');
  return [...ancestorsIn(text), timeline];
}

/**
 * Each line tells of a timeline and where it was left. One that was left before it began has nothing of its own in
 * this copy: of a timeline that PostgreSQL had heard of, and received nothing of.
 */
export function ancestorsIn(history: string): number[] {
  const ancestors: number[] = [];
  let begin = -1n;
  for (const line of history.split('\n')) {
    const [, timeline, high, low] = /^\s*(\d+)\s+([0-9A-F]+)\/([0-9A-F]+)/i.exec(line) ?? [];
    if (timeline === undefined) continue;
    const end = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
    if (end > begin) ancestors.push(Number(timeline));
    begin = end;
  }
  return ancestors;
}
