import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Identity } from '../../certificates/identity.ts';
import type { EffectOf } from '../../core/effects.ts';
import type { Etcd } from '../etcd/etcd.ts';
import { outputOf } from '../program.ts';
import { bytesIn } from './log-position.ts';
import { Patroni } from './patroni.ts';

export interface HandOverOptions {
  readonly dataDir: string;
  readonly binDir: string;
  readonly identity?: Identity;
}

/** Patroni's own way takes over after that, as if we had not been there. */
const ENDS_WITHIN_MS = 20_000;
const RECEIVED_WITHIN_MS = 500;
const LOOK_EVERY_MS = 15;

/**
 * Waits until PostgreSQL here has ended in good order, makes sure that `to` has all of it, and gives
 * it Patroni's leader key. A primary that ends so has sent everything to the standbys that stream;
 * that it has is asked all the same. Patroni here finds the key in other hands and follows.
 */
export function handOverWith(
  etcd: Pick<Etcd, 'patroniMember' | 'giveLeaderKey' | 'cancelSwitchover'>,
  own: Pick<Patroni, 'report'>,
  { dataDir, binDir, identity }: HandOverOptions,
) {
  return async (effect: EffectOf<'hand-over'>): Promise<void> => {
    const member = await etcd.patroniMember(effect.to);
    if (member === null) throw new Error(`Patroni of ${effect.to} is not in etcd`);
    const target = new Patroni(new URL(member.url).origin, identity);
    try {
      await receivedOrTakenBack(etcd, effect, target, await positionOf(own));
      await within(ENDS_WITHIN_MS, 'PostgreSQL has not ended', () => hasEnded(dataDir));
      await receivedOrTakenBack(etcd, effect, target, 1 + (await endOfLog(dataDir, binDir)));
      await assertEnded(own, dataDir);
      const given = await etcd.giveLeaderKey(effect, member.lease);
      if (!given) throw new Error('Patroni was quicker, or something changed');
    } finally {
      await target.close();
    }
  };
}

/** Whom a switchover names leads without a vote: one that lags is named no more. */
async function receivedOrTakenBack(
  etcd: Pick<Etcd, 'cancelSwitchover'>,
  effect: EffectOf<'hand-over'>,
  target: Patroni,
  position: number,
): Promise<void> {
  try {
    await within(RECEIVED_WITHIN_MS, `${effect.to} lacks something`, async () => {
      return (await positionOf(target)) >= position;
    });
  } catch (error) {
    await etcd.cancelSwitchover(effect);
    throw error;
  }
}

/** One that says nothing has nothing, as far as is known. */
async function positionOf(patroni: Pick<Patroni, 'report'>): Promise<number> {
  const { lsn } = await patroni.report();
  return Number(lsn ?? 0);
}

/**
 * `patronictl restart` ends PostgreSQL in good order too, and would start it again as the primary. That it
 * ends for the switchover is Patroni's own word: stopping, then stopped, and never restarting.
 */
async function assertEnded(own: Pick<Patroni, 'report'>, dataDir: string): Promise<void> {
  const { state } = await own.report();
  if (state !== 'stopping' && state !== 'stopped')
    throw new Error(`Patroni does not end PostgreSQL for the switchover: it says ${state}`);
  if (!(await hasEnded(dataDir))) throw new Error('PostgreSQL has been started again');
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
  const program = join(binDir, 'pg_controldata');
  return shutdownCheckpoint(
    await outputOf(program, [dataDir], { withinMs: 2_000, env: { LC_ALL: 'C' } }),
  );
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
  const location = bytesIn(field('Latest checkpoint location') ?? '');
  if (location === null) throw new Error('pg_controldata names no checkpoint');
  return location;
}

async function within(ms: number, otherwise: string, look: () => Promise<boolean>): Promise<void> {
  const until = performance.now() + ms;
  while (!(await look())) {
    if (performance.now() >= until) throw new Error(otherwise);
    await sleep(LOOK_EVERY_MS);
  }
}
