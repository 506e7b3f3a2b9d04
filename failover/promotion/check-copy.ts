import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { outputOf } from '../adapters/program.ts';
import { leaveWord } from '../adapters/word.ts';

/** What reads a whole copy of the database once, and whether the copy is known to have been written back since. */
export interface Checks {
  /** What is damaged, as a clause; null where nothing is. Rejects where it could not be read. */
  readonly read: () => Promise<string | null>;
  /** Null at a primary, which writes all pages back before it is read. */
  readonly restartpoint: () => Promise<string | null>;
  readonly pause: () => Promise<unknown>;
}

/**
 * Whether a page of this copy has a wrong checksum, as a power cut leaves them. A page that was torn in it is mended by the
 * replay of the log, and stays torn on the disk until it is written back; so at a standby a page counts that is still wrong
 * after a restartpoint.
 */
export async function checkCopy({ read, restartpoint, pause }: Checks): Promise<string | null> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    // Whoever has just started has more to do than to be read.
    await pause();
    const before = await restartpoint().catch(() => undefined);
    const damage = before === undefined ? undefined : await read().catch(() => undefined);
    if (damage === null || (damage !== undefined && before === null)) return damage;
    if (damage !== undefined && (await isWrittenBack(before!, { restartpoint, pause }))) {
      const again = await read().catch(() => undefined);
      if (again !== undefined) return again;
    }
  }
  throw new Error('the copy here could not be read, so nobody knows whether it is damaged');
}

async function isWrittenBack(before: string, { restartpoint, pause }: Omit<Checks, 'read'>) {
  for (let wait = 0; wait < WAITS_MAX; wait++) {
    const since = await restartpoint().catch(() => undefined);
    if (since !== undefined && since !== before) return true;
    await pause();
  }
  return false;
}

/** Of 5 s each: PostgreSQL may replay for long before it lets itself be read. */
const ATTEMPTS_MAX = 720;
/** A primary writes a checkpoint every five minutes, if anything is written. */
const WAITS_MAX = 240;
const PAUSE_MS = 5_000;

export function checksOf(binDir: string): Checks {
  const psql = (...options: string[]) =>
    outputOf(join(binDir, 'psql'), ['-XAtq', '-d', 'postgres', ...options], { withinMs: 60_000 });
  return {
    read: () => readAll(join(binDir, 'pg_basebackup')),
    restartpoint: async () => {
      const [inRecovery, redo] = (await psql('-c', 'CHECKPOINT', '-c', REDO)).trim().split('|');
      return inRecovery === 't' ? redo! : null;
    },
    pause: () => sleep(PAUSE_MS),
  };
}

const REDO = 'SELECT pg_is_in_recovery(), redo_lsn FROM pg_control_checkpoint()';

/** PostgreSQL checks each page that it gives to a base backup; this one is thrown away. Slow enough for its neighbours. */
async function readAll(program: string): Promise<string | null> {
  const options = ['-U', 'replicator', '-D', '-', '-Ft', '-X', 'none', '--no-manifest'];
  const child = spawn(program, [...options, '--max-rate=64M', '--checkpoint=fast'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  const [said, code] = await Promise.all([
    text(child.stderr),
    new Promise<number | null>((resolve, reject) => child.on('close', resolve).on('error', reject)),
  ]);
  const found = /checksum verification failed in file "(?:\.\/)?([^"]+)", block (\d+)/.exec(said);
  if (found) return `page ${found[2]} of ${found[1]} has a wrong checksum`;
  // No page of it is known to be well, and to ask again gives no other answer.
  const lost = /could not read file "(?:\.\/)?([^"]+)"[^\n]*: Input\/output error/.exec(said);
  if (lost) return `${lost[1]} cannot be read from its disk (input/output error)`;
  if (code === 0) return null;
  throw new Error(`pg_basebackup ended with ${code}: ${said.slice(-300)}`);
}

/**
 * Once since the machine started, as /run tells, and again where it is damaged: that is said of it until it is found sound,
 * also while it is read again. Only a copy that was made anew counts as sound until it is read (patroni-config/copy-guard).
 */
export async function checkOnce(path: string, check: () => Promise<string | null>): Promise<void> {
  const done = `${path}.done`;
  if (existsSync(done) && !existsSync(path)) return;
  const damage = await check();
  if (damage !== null) console.error(`The copy of the database here is damaged: ${damage}.`);
  await tellDamage(path, damage);
  await writeFile(done, '');
}

export async function tellDamage(path: string, damage: string | null): Promise<void> {
  if (damage === null) return rm(path, { force: true });
  await leaveWord(path, { damage }, 0o640);
}
