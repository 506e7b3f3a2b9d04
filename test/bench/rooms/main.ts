import { fork } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmbedded } from '../../../server/storage/embedded/embedded-postgres.ts';
import { migrate } from '../../../server/storage/migrate.ts';

// `node test/bench/rooms/main.ts`: what the room engine keeps in memory when there are many rooms, and
// what it costs to open one that is not there. The rooms are made by one process; another begins with
// an empty memory and does what users do in an hour, as fast as it can.

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: '100000' },
    /** Used within the hour. */
    hot: { type: 'string', default: '10000' },
    users: { type: 'string', default: '1000' },
    /** Messages and looks of the hour in each of the hot rooms. */
    rounds: { type: 'string', default: '12' },
    /** Where the rooms are kept for the next run. */
    folder: { type: 'string' },
    /** Options of V8 for the process that is measured. */
    v8: { type: 'string', default: '' },
  },
});

const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'farol-rooms-'));
const isMade = existsSync(join(folder, 'made'));
const postgres = await startEmbedded({ folder: join(folder, 'db'), settings: { fsync: 'off' } });
try {
  await migrate(postgres.url);
  const scale = [values.rooms, values.hot, values.users, values.rounds];
  if (!isMade) {
    await run('make-rooms.ts', [postgres.url, ...scale]);
    writeFileSync(join(folder, 'made'), '');
  }
  await run('use-rooms.ts', [postgres.url, ...scale]);
} finally {
  await postgres.stop();
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true });
}

function run(file: string, args: string[]): Promise<void> {
  const execArgv = ['--expose-gc', ...values.v8.split(' ').filter((each) => each !== '')];
  const child = fork(join(import.meta.dirname, file), args, { execArgv });
  return new Promise((resolve, reject) => {
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${file} ended with ${code}`)),
    );
  });
}
