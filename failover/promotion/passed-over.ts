import { type ChildProcess, spawn } from 'node:child_process';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../adapters/sync-folder.ts';
import { historiesIn, historyFile, walOf } from './copy.ts';

/**
 * A history file without a line: PostgreSQL's search for the next number passes it, a standby that sees it says
 * "not a child" and goes on, and it is sent to standbys with the rest. But one that starts with it as the last
 * takes it for its goal and never gets further, so it may not stay without a promotion that follows.
 */
const PASSED_OVER = '# Farol: this number was given to a promotion that came to nothing.\n';

/**
 * So that PostgreSQL takes `timeline` and not `next`. Gives who takes it back if that comes to nothing, with what a
 * promotion before it left that came to nothing too. The program outlives a Patroni that is killed, so another
 * promotion may have taken one of the numbers meanwhile: its history stays.
 */
export async function passOver(
  dataDir: string,
  next: number,
  timeline: number,
): Promise<ChildProcess | null> {
  const wal = walOf(dataDir);
  const passed: string[] = [];
  for (let number = next; number < timeline; number++) passed.push(join(wal, historyFile(number)));
  if (passed.length === 0) return null;
  const left = await leftBefore(wal, next);
  const watcher = watch(dataDir, [...left, ...passed], join(wal, historyFile(timeline)));
  for (const path of passed) await write(path);
  await syncFolder(wal);
  return watcher;
}

async function leftBefore(wal: string, next: number): Promise<string[]> {
  const left: string[] = [];
  for (let number = next - 1; number > 0; number--) {
    const path = join(wal, historyFile(number));
    if (!(await isPassedOver(path))) break;
    left.push(path);
  }
  return left;
}

/** Before PostgreSQL is started: what a promotion that was cut off left behind. Its watcher may be at it, too. */
export async function tidy(dataDir: string): Promise<void> {
  const wal = walOf(dataDir);
  const all = await historiesIn(wal).catch(() => []);
  if (all.length === 0 || (await isRunning(dataDir))) return;
  const passed = await Promise.all(
    all.map((number) => isPassedOver(join(wal, historyFile(number)))),
  );
  const last = Math.max(0, ...all.filter((_, at) => !passed[at]));
  for (const number of all)
    if (number > last) await rm(join(wal, historyFile(number)), { force: true });
}

/**
 * Patroni starts a PostgreSQL that ended before it was promoted. Whoever sees that first must outlive this program;
 * and a shell is small.
 */
const WATCH = `
  pid=$(head -n 1 "$1"); promoted=$2; shift 2
  while kill -0 "$pid" 2>/dev/null && [ ! -e "$promoted" ]; do sleep 0.1; done
  [ -e "$promoted" ] && exit
  for passed; do grep -q '^# Farol: ' "$passed" && rm -f "$passed"; done`;

function watch(dataDir: string, passed: readonly string[], promoted: string): ChildProcess {
  const pidFile = join(dataDir, 'postmaster.pid');
  const watcher = spawn('sh', ['-c', WATCH, 'sh', pidFile, promoted, ...passed], {
    detached: true,
    stdio: 'ignore',
  });
  watcher.unref();
  return watcher;
}

async function write(path: string): Promise<void> {
  const own = `${path}.${process.pid}`;
  try {
    await writeFile(own, PASSED_OVER, { mode: 0o600, flush: true });
    await link(own, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(own, { force: true });
  }
}

const isPassedOver = async (path: string): Promise<boolean> =>
  (await readFile(path, 'utf8').catch(() => '')) === PASSED_OVER;

async function isRunning(dataDir: string): Promise<boolean> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(text.split('\n')[0]);
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}
