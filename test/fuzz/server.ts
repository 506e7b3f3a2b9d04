import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { V8_OPTIONS } from '../../server/role/process-options.ts';
import type { FreshDatabase } from '../support/postgres.ts';
import type { Measured, Question } from './meter.ts';
import type { Peer } from './peer.ts';
import { SERVICE } from './world.ts';

export interface MeteredServer extends AsyncDisposable {
  readonly origin: string;
  measure(question: Question): Promise<Measured>;
  /** The last that it wrote: the reason of a 500 is there. */
  said(): string;
}

export const MAIN = join(import.meta.dirname, '../../server/main.ts');
const METER = join(import.meta.dirname, 'meter.ts');

/** The server as a process of its own, with its limits off and its main thread metered. */
export async function startMetered(
  fresh: FreshDatabase,
  peer: Peer,
  program = MAIN,
): Promise<MeteredServer> {
  const folder = mkdtempSync(join(tmpdir(), 'farol-fuzz-'));
  const child = spawn(
    process.execPath,
    [
      ...V8_OPTIONS,
      ...['--import', METER, program, '--data', folder, '--listen', '127.0.0.1:0'],
      ...[
        '--server-name',
        'example.org',
        '--registration',
        'open',
        '--guests',
        'true',
        '--registration-shared-secret',
        'fuzz',
        '--database',
        fresh.url,
        '--app-services',
        registrationIn(folder),
        ...peer.options,
      ],
      ...['--rate-limits-enabled', 'false', '--log-level', 'error', '--password-cost', 'for-tests'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );
  let said = '';
  const ready = Promise.withResolvers<string>();
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-20_000);
      const url = /ready at (\S+)/.exec(said)?.[1];
      if (url !== undefined) ready.resolve(url);
    });
  child.once('exit', (code) => ready.reject(new Error(`It ended with ${code}: ${said}`)));
  return {
    origin: await ready.promise,
    said: () => said,
    async measure(question) {
      const answered = once(child, 'message');
      child.send(question);
      return (await answered)[0] as Measured;
    },
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGTERM')) await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** That wants to be told nothing: nobody would answer. */
function registrationIn(folder: string): string {
  const file = join(folder, 'registration.yaml');
  const { id, asToken, hsToken } = SERVICE;
  const said = { id, as_token: asToken, hs_token: hsToken, sender_localpart: 'fuzz-bot' };
  writeFileSync(file, JSON.stringify({ ...said, url: null }));
  return file;
}
