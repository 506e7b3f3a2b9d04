import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Measured, Question } from '../fuzz/meter.ts';
import { end } from '../support/daemon.ts';
import { cpuMsOf, cpuMsOfTree } from './cpu.ts';
import { residentMiB } from './memory.ts';

/** What is measured. The cluster's tests make one of theirs. */
export interface Target extends AsyncDisposable {
  readonly name: string;
  /** From nothing to the first answer, where the benchmark started it. */
  readonly startedInMs?: number;
  readonly origin: string;
  /** CPU milliseconds so far, by part; empty where they cannot be told. */
  cpuMs(): Record<string, number>;
  /** MiB of the server that are resident, now and at most so far. */
  resident?(): { readonly now: number; readonly most: number };
  /** The same by program, where there are several. */
  residents?(): Record<string, { readonly now: number; readonly most: number }>;
  /** Clones another site's database anew; resolves when it streams again. */
  cloneAnew?(): Promise<{ readonly megabytes: number; readonly seconds: number }>;
  /** CPU of the longest turn of the event loop since it was last asked, where turns are metered. */
  longestTurnMs?(): Promise<number>;
  /** Prometheus text of the writer, where it can be had. */
  metrics(): Promise<string>;
}

export const REPOSITORY = join(import.meta.dirname, '../..');
/** As `npm start` has it. */
const COMPILED = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../.cache/compiled') };
const METER = join(import.meta.dirname, '../fuzz/meter.ts');

/** Of this benchmark's own: another may run beside it, and a second server in it. */
let metricsPort = 20_000 + 8 * (process.pid % 1_500);

/** One server as \`npm start\` runs it, with the limits of strangers off; on a disk, with fsync. */
export async function startSingle(
  nodeOptions: readonly string[] = [],
  sources = REPOSITORY,
): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'farol-bench-'));
  const target = await startOn(join(folder, 'data'), nodeOptions, { sources });
  return {
    ...target,
    async [Symbol.asyncDispose]() {
      await target[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The same on data that stay, so that it can be started again. */
export async function startOn(
  data: string,
  nodeOptions: readonly string[] = [],
  {
    metered = false,
    server = [],
    sources = REPOSITORY,
  }: { metered?: boolean; server?: readonly string[]; sources?: string } = {},
): Promise<Target> {
  const metrics = `127.0.0.1:${metricsPort++}`;
  const start = startOf(sources);
  const begin = performance.now();
  const child = spawn(
    process.execPath,
    [
      ...v8OptionsOf(start),
      ...nodeOptions,
      ...(metered ? ['--import', METER] : []),
      join(sources, 'server/main.ts'),
      ...['--data', data, '--listen', '127.0.0.1:0', '--metrics-listen', metrics],
      ...['--registration', 'open', '--rate-limits-enabled', 'false'],
      ...server,
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: { ...COMPILED, ...allocatorOf(start), ...process.env },
    },
  );
  child.channel?.unref();
  const origin = await firstUrl(child.stdout!);
  const startedInMs = performance.now() - begin;
  const postgres = Number.parseInt(readFileSync(join(data, 'db/postmaster.pid'), 'utf8'), 10);
  return {
    name: 'single server',
    origin,
    startedInMs,
    cpuMs: () => ({ server: cpuMsOf(child.pid!), PostgreSQL: cpuMsOfTree(postgres) }),
    resident: () => residentMiB(child.pid!),
    ...(metered ? { longestTurnMs: () => longestTurnMs(child) } : {}),
    metrics: async () => (await fetch(`http://${metrics}/`)).text(),
    async [Symbol.asyncDispose]() {
      await end(child, 'SIGTERM');
    },
  };
}

/** With which its \`npm start\` starts it. */
function startOf(sources: string): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(sources, 'package.json'), 'utf8'));
  return (scripts.start as string).split(' ');
}

const v8OptionsOf = (start: readonly string[]) => start.filter((word) => word.startsWith('--'));

const allocatorOf = (start: readonly string[]) =>
  Object.fromEntries(
    start.filter((word) => word.startsWith('MALLOC_')).map((word) => word.split('=')),
  ) as NodeJS.ProcessEnv;

async function longestTurnMs(child: ChildProcess): Promise<number> {
  child.channel?.ref();
  child.send('cost' satisfies Question);
  const [measured] = (await once(child, 'message')) as [Measured];
  child.channel?.unref();
  return measured.turnMs;
}

/** Goes on reading: a server whose output nobody takes would stop at it. */
function firstUrl(output: Readable): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    output.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const url = /https?:\/\/[^\s/]+:\d+/.exec(said)?.[0];
      if (url !== undefined) resolve(url);
    });
    output.once('end', () => reject(new Error(`The server did not start: ${said}`)));
  });
}
