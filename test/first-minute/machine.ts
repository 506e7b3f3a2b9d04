import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  builtImage,
  type CommandResult,
  type Container,
  docker,
  OWNER_LABEL,
  runIn,
} from '../cluster/support/engine.ts';

/** A machine that was just installed, with a clone of this repository. */
export interface Machine extends AsyncDisposable {
  /** A command line, as somebody who sits at it types it. */
  run(line: string, user?: string): Promise<CommandResult>;
  /** `npm start` in a folder, left to itself; all that it says goes to a file. */
  start(options: StartOptions): Promise<Started>;
}

export interface StartOptions {
  readonly folder: string;
  readonly user?: string;
  /** The distribution's, unless said otherwise. */
  readonly npm?: string;
  readonly options?: string;
}

export interface Started {
  said(): Promise<string>;
  /** What it said until it was ready; fails if it ended before. */
  untilReady(): Promise<string>;
  untilEnded(): Promise<void>;
  /** `npm`, or its whole process group as a terminal does at Ctrl-C. */
  kill(signal: string, whom?: 'npm' | 'group'): Promise<void>;
}

const root = join(import.meta.dirname, '../..');
const WAIT = { timeout: 400_000, interval: 200 };

export async function machine(release: string, network = 'bridge'): Promise<Machine> {
  const engine = await docker();
  const image = await builtImage(import.meta.dirname, 'farol-test-first-minute', {
    RELEASE: release,
  });
  const container = await engine.createContainer({
    Image: image,
    Cmd: ['sleep', 'infinity'],
    Labels: { [OWNER_LABEL]: String(process.pid) },
    ...certificates(),
    HostConfig: { Init: true, NetworkMode: network, Binds: certificates().Binds },
  });
  await container.start();
  await container.putArchive(sources(), { path: '/opt' });
  const run = (line: string, user = 'root') => runIn(container, ['sh', '-c', line], { user });
  let starts = 0;
  return {
    run,
    async start(options) {
      starts += 1;
      return start(container, run, options, `/tmp/start-${starts}`);
    },
    [Symbol.asyncDispose]: () => container.remove({ force: true, v: true }),
  };
}

/** What git would give to somebody who clones this working tree. */
function sources(): Buffer {
  const list = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { cwd: root });
  const tar = ['--null', '-T', '-', '--ignore-failed-read', '--transform', 's,^,farol/,', '-c'];
  return execFileSync('tar', tar, { cwd: root, input: files, maxBuffer: 1 << 30 });
}

/** A network that looks into TLS has a certificate authority of its own, which this machine trusts. */
function certificates() {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (file === undefined) return { Env: [], Binds: [] };
  return {
    Env: ['NODE_EXTRA_CA_CERTS=/etc/extra-ca.crt'],
    Binds: [`${file}:/etc/extra-ca.crt:ro`],
  };
}

async function start(
  container: Container,
  run: Machine['run'],
  { folder, user = 'root', npm = 'npm', options = '' }: StartOptions,
  files: string,
): Promise<Started> {
  const line = `cd ${folder} && echo $$ > ${files}.pid && exec ${npm} start ${options} > ${files}.log 2>&1`;
  const execution = await container.exec({
    Cmd: ['setsid', '--wait', 'sh', '-c', line],
    User: user,
  });
  await execution.start({ Detach: true });
  const said = async () => (await run(`cat ${files}.log`)).stdout;
  const running = async () => (await execution.inspect()).Running;
  return {
    said,
    async untilReady() {
      await expect
        .poll(async () => /ready at/.test(await said()) || !(await running()), WAIT)
        .toBe(true);
      expect(await said()).toContain('ready at');
      return said();
    },
    async untilEnded() {
      await expect.poll(running, WAIT).toBe(false);
    },
    async kill(signal, whom = 'npm') {
      const sign = whom === 'group' ? '-' : '';
      const { code, stderr } = await run(`/bin/kill -${signal} -- ${sign}$(cat ${files}.pid)`);
      expect(code, stderr).toBe(0);
    },
  };
}
