import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { base64 } from './base64.ts';
import type { Gateway } from './gateway.ts';

interface Place {
  readonly runtimeDir: string;
  readonly gateway: Pick<Gateway, 'askOwn'>;
  /** Below which the record goes. */
  readonly records: string;
}

/** etcd's member of this machine, told by an administrator to go on without the others (cli/promote.ts). */
export function lastMember({ runtimeDir, gateway, records }: Place) {
  return {
    /** Ends etcd, whose guard (patroni-config/etcd-guard) finds the order as it starts it again. Takes root, as whoever may end it. */
    goOnAlone: async (said: string): Promise<void> => {
      const folder = join(runtimeDir, 'etcd');
      const pid = await runningIn(folder);
      await order(folder, `${(await uptimeS()) + GOOD_FOR_S} ${said.replaceAll(/\s+/g, ' ')}\n`);
      await ended(pid).catch(async (cause: unknown) => {
        await rm(join(folder, 'alone'), { force: true });
        throw new Error('etcd of this machine could not be ended: run this as root', { cause });
      });
    },
    isAlone: async (): Promise<boolean> => {
      const list = '/v3/cluster/member/list';
      const { members } = await gateway.askOwn<{ members?: object[] }>(list, {
        linearizable: true,
      });
      return members?.length === 1;
    },
    writeDown: async (record: { readonly at: string }): Promise<void> => {
      const key = base64(records + record.at);
      await gateway.askOwn('/v3/kv/put', { key, value: base64(JSON.stringify(record)) });
    },
  };
}

/** What was ordered and came to nothing must not be done by some later start. */
const GOOD_FOR_S = 60;
const ENDS_WITHIN_MS = 15_000;

const uptimeS = async () =>
  Math.floor(Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]));

/** As its guard wrote it down, if that is etcd still. */
async function runningIn(folder: string): Promise<number> {
  const pid = Number(await readFile(join(folder, 'started'), 'utf8').catch(() => ''));
  const name = pid > 0 ? await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '') : '';
  if (name.trim() === 'etcd') return pid;
  throw new Error(
    'etcd of this machine was started before this release: `systemctl restart etcd`, and ask again',
  );
}

async function order(folder: string, text: string): Promise<void> {
  const path = join(folder, 'alone');
  await rm(`${path}.new`, { force: true });
  // The folder is etcd's: root must not write to where a link of its user leads.
  await using file = await open(`${path}.new`, 'wx');
  await file.writeFile(text);
  // etcd's user reads it, whatever the umask of root is.
  await file.chmod(0o644);
  await rename(`${path}.new`, path);
}

async function ended(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const until = performance.now() + ENDS_WITHIN_MS;
  while (isAlive(pid)) {
    if (performance.now() >= until) process.kill(pid, 'SIGKILL');
    await sleep(100);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
