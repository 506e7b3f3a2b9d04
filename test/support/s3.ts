import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { S3Settings } from '../../server/media/stores/s3.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { freePort } from './free-port.ts';

/** rclone serves a folder by S3, and takes only what is rightly signed. */
const RCLONE = join(import.meta.dirname, '../../.cache/rclone/bin/rclone');
export const S3_IS_HERE = existsSync(RCLONE);

const KEYS = { accessKeyId: 'FAROLFAROLFAROL', secretKey: 'open+sesame/open+sesame' };

export interface RunningS3 extends Daemon {
  readonly settings: S3Settings;
  /** Below which names objects lie there. */
  names(): string[];
  bytesOf(name: string): Buffer;
  fileOf(name: string): string;
}

export interface Tls {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export async function startS3(
  folder: string,
  { host = '127.0.0.1', tls }: { readonly host?: string; readonly tls?: Tls } = {},
): Promise<RunningS3> {
  const [port, bucket, root] = [await freePort(), 'files', join(folder, 's3')];
  const inBucket = (name: string) => join(root, bucket, name);
  mkdirSync(join(root, bucket), { recursive: true });
  const daemon = await startDaemon(RCLONE, words(root, `${host}:${port}`, tls), { host, port });
  return {
    ...daemon,
    settings: {
      ...{ endpoint: `${tls ? 'https' : 'http'}://${host}:${port}`, region: 'us-east-1', bucket },
      ...{ prefix: 'farol/', pathStyle: true, ca: tls && readFileSync(tls.ca, 'utf8'), ...KEYS },
    },
    names: () =>
      existsSync(inBucket('farol')) ? readdirSync(inBucket('farol')).filter(isObject) : [],
    bytesOf: (name) => readFileSync(inBucket(join('farol', name))),
    fileOf: (name) => inBucket(join('farol', name)),
  };
}

const words = (root: string, address: string, tls: Tls | undefined): string[] => [
  ...['serve', 's3', '--addr', address],
  ...['--auth-key', `${KEYS.accessKeyId},${KEYS.secretKey}`],
  ...(tls ? ['--cert', tls.certificate, '--key', tls.key] : []),
  // Objects are changed behind its back.
  ...['--config', '/dev/null', '--dir-cache-time', '0s', '--vfs-cache-mode', 'off', root],
];

/** Of what was broken off it may keep what it had, which nobody can ask for. */
const isObject = (name: string): boolean => !name.startsWith('.rclone_temp_');
