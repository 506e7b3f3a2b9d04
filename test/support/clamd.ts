import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClamdAddress } from '../../server/media/scanning/clamd.ts';
import { freePort } from './free-port.ts';

const CLAMD = '/usr/sbin/clamd';
export const CLAMD_IS_HERE = existsSync(CLAMD);

/** What every scanner is to find (eicar.org), in parts, so that none finds it in these sources. */
export const EICAR = Buffer.from(
  ['X5O!P%@AP[4\\PZX54(P^)7CC)7}', '$EICAR-', 'STANDARD-ANTIVIRUS', '-TEST-FILE!$H+H*'].join(''),
);
/** As this daemon calls it. */
export const FOUND = 'Farol.Test.UNOFFICIAL';

export interface RunningClamd extends AsyncDisposable {
  readonly at: ClamdAddress;
  kill(): Promise<void>;
  /** It takes connections, and says nothing. */
  freeze(): void;
  thaw(): void;
  start(): Promise<void>;
}

/** ClamAV's daemon in a folder of its own, which knows one signature. */
export async function startClamd(
  folder: string,
  { isLocal = false, streamBytesMax = 10_000_000 } = {},
): Promise<RunningClamd> {
  const at: ClamdAddress = isLocal
    ? { path: join(folder, 'clamd.socket') }
    : { host: '127.0.0.1', port: await freePort() };
  mkdirSync(join(folder, 'signatures'));
  const digest = createHash('md5').update(EICAR).digest('hex');
  writeFileSync(join(folder, 'signatures', 'farol.hdb'), `${digest}:${EICAR.length}:Farol.Test\n`);
  const config = join(folder, 'clamd.conf');
  writeFileSync(config, configuration(folder, at, streamBytesMax));
  let running = await run(config, at);
  return {
    at,
    kill: () => end(running),
    freeze: () => void running.kill('SIGSTOP'),
    thaw: () => void running.kill('SIGCONT'),
    async start() {
      running = await run(config, at);
    },
    [Symbol.asyncDispose]: () => end(running),
  };
}

const configuration = (folder: string, at: ClamdAddress, streamBytesMax: number) => `
Foreground yes
DatabaseDirectory ${join(folder, 'signatures')}
TemporaryDirectory ${folder}
${'path' in at ? `LocalSocket ${at.path}` : `TCPSocket ${at.port}\nTCPAddr ${at.host}`}
StreamMaxLength ${streamBytesMax}
MaxThreads 4
SelfCheck 0
`;

async function run(config: string, at: ClamdAddress): Promise<ChildProcess> {
  const child = spawn(CLAMD, [`--config-file=${config}`], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const output of [child.stdout!, child.stderr!])
    output.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000);
    });
  while (!(await answers(at))) {
    if (child.exitCode !== null) throw new Error(`clamd ended with ${child.exitCode}: ${said}`);
    await sleep(20);
  }
  return child;
}

async function answers(at: ClamdAddress): Promise<boolean> {
  const socket = connect(at);
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
