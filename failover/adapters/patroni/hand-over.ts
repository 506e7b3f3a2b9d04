import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Identity } from '../../certificates/identity.ts';
import type { Effect } from '../../core/effects.ts';
import type { Etcd } from '../etcd/etcd.ts';
import { Patroni } from './patroni.ts';

const run = promisify(execFile);

export interface HandOverOptions {
  readonly dataDir: string;
  readonly binDir: string;
  readonly identity?: Identity;
}

/** Patroni's own way takes over after that, as if we had not been there. */
const ENDS_WITHIN_MS = 20_000;
const RECEIVED_WITHIN_MS = 1_000;
const LOOK_EVERY_MS = 15;

/**
 * Waits until PostgreSQL here has ended in good order, makes sure that `to` has all of it, and gives
 * it Patroni's leader key. A primary that ends so has sent everything to the standbys that stream;
 * that it has is asked all the same. Patroni here finds the key in other hands and follows.
 */
export function handOverWith(
  etcd: Pick<Etcd, 'patroniMember' | 'giveLeaderKey'>,
  { dataDir, binDir, identity }: HandOverOptions,
) {
  return async (effect: Extract<Effect, { kind: 'hand-over' }>): Promise<void> => {
    const member = await etcd.patroniMember(effect.to);
    if (member === null) throw new Error(`Patroni of ${effect.to} is not in etcd`);
    const target = new Patroni(new URL(member.url).origin, identity);
    try {
      await within(ENDS_WITHIN_MS, 'PostgreSQL has not ended', () => hasEnded(dataDir));
      const end = await endOfLog(dataDir, binDir);
      await within(RECEIVED_WITHIN_MS, `${effect.to} lacks something`, async () => {
        const { lsn } = await target.report();
        return lsn !== null && Number(lsn) > end;
      });
      const given = await etcd.giveLeaderKey(effect, member.lease);
      if (!given) throw new Error('Patroni was quicker, or something changed');
    } finally {
      await target.close();
    }
  };
}

/** The postmaster removes its file when it ends by itself, after the last standby has everything. */
async function hasEnded(dataDir: string): Promise<boolean> {
  return access(join(dataDir, 'postmaster.pid')).then(
    () => false,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return true;
      throw error;
    },
  );
}

/** Where the checkpoint of its shutdown begins, in bytes; what it is behind, a standby must have. */
async function endOfLog(dataDir: string, binDir: string): Promise<number> {
  const { stdout } = await run(join(binDir, 'pg_controldata'), [dataDir], {
    timeout: 2_000,
    env: { LC_ALL: 'C' },
  });
  return shutdownCheckpoint(stdout);
}

export function shutdownCheckpoint(controlData: string): number {
  const field = (name: string): string | undefined =>
    controlData
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const state = field('Database cluster state');
  if (state !== 'shut down') throw new Error(`PostgreSQL did not end in good order: ${state}`);
  const [high, low] = (field('Latest checkpoint location') ?? '').split('/');
  const location = Number.parseInt(high ?? '', 16) * 2 ** 32 + Number.parseInt(low ?? '', 16);
  if (!Number.isSafeInteger(location)) throw new Error('pg_controldata names no checkpoint');
  return location;
}

async function within(ms: number, otherwise: string, look: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + ms;
  while (!(await look())) {
    if (performance.now() >= until) throw new Error(otherwise);
    await sleep(LOOK_EVERY_MS);
  }
}
