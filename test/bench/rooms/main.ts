import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../../../server/storage/embedded/embedded-postgres.ts';
import { migrate } from '../../../server/storage/migrate.ts';
import { roomsInUse, type UsedRoom } from './people.ts';
import { serveRooms } from './serve-rooms.ts';

// `node test/bench/rooms/main.ts`: what a server keeps in memory when there are many rooms, and (--engine)
// what it costs to open one that is not there. The rooms are made first; then a server begins with an
// empty memory, and its users do what they do in an hour, as fast as it can.

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: '100000' },
    /** Used within the hour. */
    hot: { type: 'string', default: '10000' },
    users: { type: 'string', default: '1000' },
    /** Messages and looks of the hour in each of the hot rooms. */
    rounds: { type: 'string', default: '12' },
    /** The engine alone, without HTTP, /sync and accounts: what a cold room costs. */
    engine: { type: 'boolean', default: false },
    /** Where the rooms are kept for the next run. */
    folder: { type: 'string' },
    /** Options of V8 for the process that is measured. */
    v8: { type: 'string', default: '' },
  },
});

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'farol-rooms-'));
const node = values.v8.split(' ').filter((each) => each !== '');
const [users, hot, rounds] = [values.users, values.hot, values.rounds].map(Number) as [
  number,
  number,
  number,
];
const rooms = await onDatabase();
if (rooms) await serveRooms({ folder, users, rooms, rounds, node });
if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });

/** The rooms that the server is to be asked for, unless the engine alone is measured. */
async function onDatabase(): Promise<UsedRoom[] | undefined> {
  const postgres = await startEmbedded({ folder: join(folder, 'db'), settings: { fsync: 'off' } });
  try {
    await migrate(postgres.url);
    const scale = [values.rooms, values.hot, values.users, values.rounds, `${postgres.pid}`];
    if (!existsSync(join(folder, 'made'))) {
      await run('make-rooms.ts', [postgres.url, ...scale]);
      writeFileSync(join(folder, 'made'), '');
    }
    if (!values.engine) return await roomsInUse(postgres.url, hot);
    await run('use-rooms.ts', [postgres.url, ...scale]);
    return undefined;
  } finally {
    await postgres.stop();
  }
}

function run(file: string, args: string[]): Promise<void> {
  const child = fork(join(import.meta.dirname, file), args, { execArgv: ['--expose-gc', ...node] });
  return new Promise((resolve, reject) => {
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${file} ended with ${code}`)),
    );
  });
}
