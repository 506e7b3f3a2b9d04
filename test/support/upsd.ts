import { type ChildProcess, execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ups } from '../../failover/adapters/power/nut.ts';
import type { Issued } from './certificates.ts';
import { end, startProcess, untilItAnswers } from './daemon.ts';
import { freePort } from './free-port.ts';

/** What Debian 12 has in /usr/sbin is a shell that asks the settings of the machine whether it may begin. */
const UPSD = firstOf('/usr/lib/nut/upsd', '/lib/nut/upsd', '/usr/sbin/upsd');
const DRIVER = firstOf('/usr/lib/nut/dummy-ups', '/lib/nut/dummy-ups');
export const UPSD_IS_HERE = UPSD !== undefined && DRIVER !== undefined;

/** What a UPS says of itself, by NUT's names. */
export type Variables = Readonly<Record<string, string | number>>;

export interface RunningUpsd extends AsyncDisposable {
  ups(name: string): Ups;
  /** What its driver reads from now on. */
  says(name: string, variables: Variables): void;
  driver(name: string): ChildProcess;
  readonly upsd: ChildProcess;
}

export interface UpsdOptions {
  /** What it shows to whom asks for TLS; without it there is none. */
  readonly shows?: Issued & { readonly ca: string };
  readonly users?: Readonly<Record<string, string>>;
}

/** NUT's server, and its dummy of a driver for each UPS, in a folder of their own. */
export async function startUpsd(
  upses: Readonly<Record<string, Variables>>,
  options: UpsdOptions = {},
): Promise<RunningUpsd> {
  const folder = mkdtempSync(join(tmpdir(), 'farol-nut-'));
  const port = await freePort();
  const says = (name: string, variables: Variables) => {
    const lines = Object.entries(variables).map(([key, value]) => `${key}: ${value}\n`);
    const path = join(folder, `${name}.dev`);
    // Whole, or as it was: the driver looks at its time of change.
    writeFileSync(`${path}.new`, lines.join(''));
    renameSync(`${path}.new`, path);
  };
  for (const [name, variables] of Object.entries(upses)) says(name, variables);
  configure(folder, Object.keys(upses), port, options);
  const asOneself = process.getuid?.() === 0 ? ['-u', 'root'] : [];
  const env = { NUT_CONFPATH: folder, NUT_STATEPATH: folder, NUT_ALTPIDPATH: folder };
  const run = (program: string, options: string[]) => startProcess(program, options, { env });
  const drivers = new Map(
    Object.keys(upses).map((name) => [name, run(DRIVER!, ['-F', ...asOneself, '-a', name])]),
  );
  const upsd = run(UPSD!, ['-F', ...asOneself]);
  await untilItAnswers({ host: '127.0.0.1', port }, upsd);
  return {
    ups: (name) => ({ host: '127.0.0.1', port, ups: name }),
    says,
    driver: (name) => drivers.get(name)!.child,
    upsd: upsd.child,
    async [Symbol.asyncDispose]() {
      await Promise.all([...drivers.values(), upsd].map(({ child }) => end(child)));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function firstOf(...paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}

function configure(
  folder: string,
  names: readonly string[],
  port: number,
  { shows, users = {} }: UpsdOptions,
): void {
  const keys = shows === undefined ? '' : keysIn(join(folder, 'keys'), shows);
  const user = ([name, password]: [string, string]) => `[${name}]\n  password = ${password}\n`;
  const section = (name: string) =>
    `[${name}]\n  driver = dummy-ups\n  port = ${join(folder, `${name}.dev`)}\n  pollinterval = 1\n`;
  const files = {
    'ups.conf': names.map(section).join(''),
    'upsd.conf': `LISTEN 127.0.0.1 ${port}\nSTATEPATH ${folder}\nMAXAGE 3\n${keys}`,
    'upsd.users': Object.entries(users).map(user).join(''),
    'nut.conf': 'MODE=standalone\n',
  };
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(folder, name), text, { mode: 0o640 });
  chmodSync(folder, 0o750);
}

/** Debian builds NUT with NSS, which keeps keys in a database of its own. */
function keysIn(folder: string, { certificate, key, ca }: Issued & { ca: string }): string {
  mkdirSync(folder, { mode: 0o700 });
  const [database, bundle] = [`sql:${folder}`, join(folder, 'own.p12')];
  const run = (program: string, ...options: string[]) => execFileSync(program, options);
  run('certutil', '-N', '-d', database, '--empty-password');
  run('certutil', '-A', '-d', database, '-n', 'authority', '-t', 'CT,,', '-i', ca);
  const from = ['-in', certificate, '-inkey', key, '-name', 'own', '-passout', 'pass:x'];
  run('openssl', 'pkcs12', '-export', ...from, '-out', bundle);
  run('pk12util', '-i', bundle, '-d', database, '-W', 'x', '-K', '');
  return `CERTPATH ${folder}\nCERTIDENT "own" ""\n`;
}
