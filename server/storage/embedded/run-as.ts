import { existsSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

const KEEPS_ACCESS = [
  '--inh-caps=+dac_override',
  '--ambient-caps=+dac_override',
  '--securebits=+no_setuid_fixup',
];

/** How a program of PostgreSQL is started, and whose its files must be. */
export interface RunAs {
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  command(program: string, parameters: readonly string[]): { file: string; args: string[] };
}

/**
 * PostgreSQL refuses to run as root. Where we are root it runs as the user whose the data are; new
 * ones belong to `postgres` if that user exists, else to `nobody`: no user is added to a machine
 * that did not ask for it.
 *
 * Below a folder that only root may enter (a clone in /root) that user could reach neither its
 * binaries nor its data, so it keeps CAP_DAC_OVERRIDE there. Only with `no_setuid_fixup` does
 * access(2), by which PostgreSQL looks for its own binaries, heed it. No namespaces are needed,
 * which many containers forbid.
 */
export function runAs(programs: string, folder: string): RunAs {
  if (userInfo().uid !== 0) {
    return { owner: undefined, command: (file, args) => ({ file, args: [...args] }) };
  }
  const owner = ownerOf(folder) ?? accountOf('postgres') ?? accountOf('nobody');
  if (!owner) throw new Error('PostgreSQL may not run as root, and there is no user `postgres`');
  const closed = [programs, folder].some((path) => !openToAll(path));
  const drop = [
    `--reuid=${owner.uid}`,
    `--regid=${owner.gid}`,
    '--clear-groups',
    ...(closed ? KEEPS_ACCESS : []),
  ];
  return {
    owner,
    command: (program, parameters) => ({
      file: 'setpriv',
      args: [...drop, program, ...parameters],
    }),
  };
}

function ownerOf(folder: string) {
  if (!existsSync(folder)) return undefined;
  const { uid, gid } = statSync(folder);
  return uid === 0 ? undefined : { uid, gid };
}

function accountOf(name: string) {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${name}:`));
  if (!line) return undefined;
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

function openToAll(path: string): boolean {
  if (!existsSync(path)) return openToAll(dirname(path));
  const passable = !statSync(path).isDirectory() || (statSync(path).mode & 0o001) !== 0;
  return passable && (dirname(path) === path || openToAll(dirname(path)));
}
