import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Settings } from '../../server/media/stores/s3.ts';
import { freePort } from './free-port.ts';

/** rclone serves a folder by S3, and takes only what is rightly signed. */
const RCLONE = join(import.meta.dirname, '../../.cache/rclone/bin/rclone');
export const S3_IS_HERE = existsSync(RCLONE);

const KEYS = { accessKeyId: 'FAROLFAROLFAROL', secretKey: 'open+sesame/open+sesame' };

export interface RunningS3 extends AsyncDisposable {
  readonly settings: S3Settings;
  /** Below which names objects lie there. */
  names(): string[];
  bytesOf(name: string): Buffer;
  fileOf(name: string): string;
  kill(): Promise<void>;
  /** It takes connections, and says nothing. */
  freeze(): void;
  thaw(): void;
  start(): Promise<void>;
}

export interface Tls {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export async function startS3(folder: string, tls?: Tls): Promise<RunningS3> {
  const [port, bucket, root] = [await freePort(), 'files', join(folder, 's3')];
  const inBucket = (name: string) => join(root, bucket, name);
  mkdirSync(join(root, bucket), { recursive: true });
  let running = await run(root, port, tls);
  return {
    settings: {
      ...{ endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, region: 'us-east-1', bucket },
      ...{ prefix: 'farol/', pathStyle: true, ca: tls && readFileSync(tls.ca, 'utf8'), ...KEYS },
    },
    names: () =>
      existsSync(inBucket('farol')) ? readdirSync(inBucket('farol')).filter(isObject) : [],
    bytesOf: (name) => readFileSync(inBucket(join('farol', name))),
    fileOf: (name) => inBucket(join('farol', name)),
    kill: () => end(running),
    freeze: () => void running.kill('SIGSTOP'),
    thaw: () => void running.kill('SIGCONT'),
    async start() {
      running = await run(root, port, tls);
    },
    [Symbol.asyncDispose]: () => end(running),
  };
}

async function run(root: string, port: number, tls: Tls | undefined): Promise<ChildProcess> {
  const options = [
    ...['--addr', `127.0.0.1:${port}`, '--auth-key', `${KEYS.accessKeyId},${KEYS.secretKey}`],
    ...(tls ? ['--cert', tls.certificate, '--key', tls.key] : []),
    // Objects are changed behind its back.
    ...['--config', '/dev/null', '--dir-cache-time', '0s', '--vfs-cache-mode', 'off'],
  ];
  const words = ['serve', 's3', ...options, root];
  const child = spawn(RCLONE, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000);
  });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`rclone ended with ${child.exitCode}: ${said}`);
    await sleep(20);
  }
  return child;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Of what was broken off it may keep what it had, which nobody can ask for. */
const isObject = (name: string): boolean => !name.startsWith('.rclone_temp_');
