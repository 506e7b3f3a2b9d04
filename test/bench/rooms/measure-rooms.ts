import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbedded } from '../../../server/storage/embedded/embedded-postgres.ts';
import { migrate } from '../../../server/storage/migrate.ts';
import { roomsInUse } from './people.ts';
import { type Resident, serveRooms } from './serve-rooms.ts';

export interface RoomsScale {
  readonly rooms: number;
  /** Used within the hour. */
  readonly hot: number;
  readonly users: number;
  /** Messages and looks of the hour in each of the hot rooms. */
  readonly rounds: number;
  /** Where the rooms are kept for the next run. */
  readonly folder?: string | undefined;
  /** Options of Node for the process that is measured. */
  readonly node?: readonly string[];
}

/** What is resident of a whole server that begins with an empty memory, and whose users do what they do in an hour. */
export function serveManyRooms(scale: RoomsScale): Promise<Resident> {
  const { users, rounds, node = [] } = scale;
  return withFolder(scale, async (folder) => {
    const rooms = await onDatabase(folder, async (url, pid) => {
      await makeOnce(folder, scale, url, pid);
      return roomsInUse(url, scale.hot);
    });
    return serveRooms({ folder, users, rounds, node, rooms });
  });
}

/** The engine alone, without HTTP, /sync and accounts: what a cold room costs. */
export const useManyRooms = (scale: RoomsScale): Promise<void> =>
  withFolder(scale, (folder) =>
    onDatabase(folder, async (url, pid) => {
      await makeOnce(folder, scale, url, pid);
      await run('use-rooms.ts', scale, url, pid);
    }),
  );

async function withFolder<T>({ folder: kept }: RoomsScale, use: (folder: string) => Promise<T>) {
  const folder = kept ?? mkdtempSync(join(tmpdir(), 'farol-rooms-'));
  try {
    return await use(folder);
  } finally {
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function onDatabase<T>(folder: string, use: (url: string, pid: number) => Promise<T>) {
  const postgres = await startEmbedded({ folder: join(folder, 'db'), settings: { fsync: 'off' } });
  try {
    await migrate(postgres.url);
    return await use(postgres.url, postgres.pid);
  } finally {
    await postgres.stop();
  }
}

async function makeOnce(folder: string, scale: RoomsScale, url: string, pid: number) {
  const made = join(folder, 'made');
  if (existsSync(made)) return;
  await run('make-rooms.ts', scale, url, pid);
  writeFileSync(made, '');
}

function run(file: string, scale: RoomsScale, url: string, pid: number): Promise<void> {
  const { rooms, hot, users, rounds, node = [] } = scale;
  const args = [url, ...[rooms, hot, users, rounds, pid].map(String)];
  const child = fork(join(import.meta.dirname, file), args, { execArgv: ['--expose-gc', ...node] });
  return new Promise((resolve, reject) => {
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${file} ended with ${code}`)),
    );
  });
}
