import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ScannerAddress } from '../../server/media/scanning/told-line.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import { freePort } from './free-port.ts';

const CLAMD = '/usr/sbin/clamd';
export const CLAMD_IS_HERE = existsSync(CLAMD);

/** What every scanner is to find (eicar.org), in parts, so that none finds it in these sources. */
export const EICAR = Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-', 'STANDARD-ANTIVIRUS', '-TEST-FILE!$H+H*'].join(''),
);
/** As this daemon calls it. */
export const FOUND = 'Farol.Test.UNOFFICIAL';

export interface RunningClamd extends Daemon {
  readonly at: ScannerAddress;
}

/** ClamAV's daemon in a folder of its own, which knows one signature. */
export async function startClamd(
  folder: string,
  { isLocal = false, streamBytesMax = 10_000_000 } = {},
): Promise<RunningClamd> {
  const at: ScannerAddress = isLocal
    ? { path: join(folder, 'clamd.socket') }
    : { host: '127.0.0.1', port: await freePort() };
  mkdirSync(join(folder, 'signatures'));
  const digest = createHash('md5').update(EICAR).digest('hex');
  writeFileSync(join(folder, 'signatures', 'farol.hdb'), `${digest}:${EICAR.length}:Farol.Test\n`);
  const config = join(folder, 'clamd.conf');
  writeFileSync(config, configuration(folder, at, streamBytesMax));
  return { ...(await startDaemon(CLAMD, [`--config-file=${config}`], at)), at };
}

const configuration = (folder: string, at: ScannerAddress, streamBytesMax: number) => `
Foreground yes
DatabaseDirectory ${join(folder, 'signatures')}
TemporaryDirectory ${folder}
${'path' in at ? `LocalSocket ${at.path}` : `TCPSocket ${at.port}\nTCPAddr ${at.host}`}
StreamMaxLength ${streamBytesMax}
MaxThreads 4
SelfCheck 0
`;
