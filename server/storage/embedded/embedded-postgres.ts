import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { FolderError, makeFolder } from '../make-folder.ts';
import { binaries } from './binaries.ts';
import { type RunAs, runAs } from './run-as.ts';

export interface EmbeddedPostgres {
  readonly url: string;
  readonly pid: number;
  /** Resolves when the database has gone without having been asked to. */
  readonly gone: Promise<string>;
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Holds the database; made when it is not there. */
  readonly folder: string;
  readonly settings?: Readonly<Record<string, string> & { fsync?: 'on' | 'off' }>;
  /** Every line that PostgreSQL writes. */
  readonly onLine?: (line: string) => void;
}

/** PostgreSQL refuses to be made or to start, in its own words: the operator must mend it. */
export class PostgresRefuses extends Error {
  override readonly name = 'PostgresRefuses';
}

const START_MS_MAX = 60_000;
/** FATAL, DETAIL and HINT. */
const LAST_LINES = 3;

/**
 * A PostgreSQL of our own, reached over a Unix socket that only its user and root may enter; it
 * listens on no network. A database that outlived its server (SIGKILL) is taken over as it runs.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const programs = await binaries();
  makeFolder(dirname(options.folder));
  checkOwner(options.folder);
  const as = runAs(programs.postgres, options.folder);
  const sockets = socketFolder(options.folder);
  makeFolder(sockets);
  giveTo(sockets, as);
  const url = `postgresql://farol@${encodeURIComponent(sockets)}/postgres`;

  const survivor = pidOf(options.folder);
  if (survivor !== undefined && (await answers(url))) return adopt(url, survivor);

  if (!existsSync(join(options.folder, 'PG_VERSION'))) {
    await initialise(programs.initdb, options, as);
  }
  const child = startPostgres(programs.postgres, options, as, sockets);
  return await whenReady(child, url, options.folder);
}

/** PostgreSQL runs as the owner of its data, and never as root. */
function checkOwner(folder: string) {
  if (!existsSync(folder)) return;
  const { uid } = statSync(folder);
  const me = userInfo();
  if (me.uid === uid && uid !== 0) return;
  if (me.uid === 0 && uid !== 0) return;
  throw new FolderError(
    me.uid === 0
      ? `The database ${folder} belongs to root, as whom PostgreSQL refuses to run: give it to the user postgres or nobody (chown -R).`
      : `The database ${folder} belongs to another user (${uid}) than ${me.username}: start Farol as root or as that user, or name another data folder with --data.`,
  );
}

function giveTo(folder: string, as: RunAs) {
  chmodSync(folder, 0o700);
  if (as.owner) chownSync(folder, as.owner.uid, as.owner.gid);
}

/** The path of a Unix socket may have 107 bytes; `/.s.PGSQL.5432` and a spare take 20 of them. */
function socketFolder(folder: string): string {
  const beside = `${folder}.run`;
  if (Buffer.byteLength(beside) <= 87) return beside;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return join(tmpdir(), `farol-${name}`);
}

function pidOf(folder: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(join(folder, 'postmaster.pid'), 'utf8'), 10);
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** In a folder beside it that is then renamed: a database is whole, or is not there. */
async function initialise(initdb: string, options: EmbeddedOptions, as: RunAs) {
  const unfinished = mkdtempSync(`${options.folder}.unfinished-`);
  giveTo(unfinished, as);
  const { file, args } = as.command(initdb, [
    `--pgdata=${unfinished}`,
    '--username=farol',
    '--auth=trust',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
    ...(options.settings?.fsync === 'off' ? ['--no-sync'] : []),
  ]);
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: '/' });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0 && moved(unfinished, options.folder)) return;
  rmSync(unfinished, { recursive: true, force: true });
  if (existsSync(join(options.folder, 'PG_VERSION'))) return;
  const why = code === 0 ? 'what is there is no database. Name another data folder' : said.trim();
  throw new PostgresRefuses(`The database could not be made in ${options.folder}: ${why}`);
}

/** False where somebody else was quicker, or the folder holds something that is not ours. */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

/** The server's settings of its allocator (role/process-options.ts) would cost PostgreSQL half as much again for a large answer. */
const withoutAllocator = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('MALLOC_')));

function startPostgres(postgres: string, options: EmbeddedOptions, as: RunAs, sockets: string) {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: sockets,
    unix_socket_permissions: '0700',
    max_connections: '60',
    shared_buffers: '128MB',
    ...options.settings,
  };
  const { file, args } = as.command(postgres, [
    '-D',
    options.folder,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]);
  // Detached: Ctrl-C goes to the whole process group of a terminal, and the database must outlive
  // the server's draining.
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
    cwd: '/',
    env: withoutAllocator(process.env),
  });
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) options.onLine?.(line);
  });
  return child;
}

async function whenReady(
  child: ChildProcess,
  url: string,
  folder: string,
): Promise<EmbeddedPostgres> {
  let last = '';
  child.stderr?.on('data', (text: string) => {
    last = `${last}\n${text}`.trim().split('\n').slice(-LAST_LINES).join('\n');
  });
  let ended = false;
  const gone = once(child, 'exit').then(([code, signal]) => {
    ended = true;
    // Its last lines under a signal are those of its children, who miss it.
    return signal === null ? `with status ${code}: ${last}` : `by ${signal}`;
  });
  for (const begin = Date.now(); !(await answers(url)); await sleep(20)) {
    // It ends where another one is just starting on the same folder: that one will answer.
    if (ended && pidOf(folder) === undefined) {
      throw new PostgresRefuses(`PostgreSQL did not start: ${last}`);
    }
    if (Date.now() - begin > START_MS_MAX) throw new Error(`PostgreSQL is not ready: ${last}`);
  }
  const pid = pidOf(folder);
  if (pid === undefined) throw new Error(`PostgreSQL did not start: ${last}`);
  if (pid !== child.pid) return adopt(url, pid);
  // What it said while it started does not explain its end.
  last = '';
  return { url, pid, gone, stop: () => stop(pid) };
}

function adopt(url: string, pid: number): EmbeddedPostgres {
  const gone = untilGone(pid, { ref: false }).then(() => 'somebody else stopped it');
  return { url, pid, gone, stop: () => stop(pid) };
}

/** SIGINT is PostgreSQL's fast shutdown: sessions end, nothing is lost. */
async function stop(pid: number) {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    return;
  }
  await untilGone(pid, { ref: true });
}

async function untilGone(pid: number, options: { ref: boolean }) {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20, undefined, options);
  }
}
