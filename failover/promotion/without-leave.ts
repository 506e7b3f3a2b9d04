import { access, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { heldUntil, leaveFile, promotingFile } from '../adapters/peers/exclusion.ts';
import { leaveWord } from '../adapters/word.ts';
import { LEAVE_MAX_MS, type Millis, PROMOTING_MAX_MS } from '../core/timings.ts';
import type { Verdict } from './ask.ts';

export interface Exclusion {
  readonly runtimeDir: string;
  /** CLOCK_BOOTTIME, as the agent counts. */
  readonly now: () => Millis;
}

const AGAIN_MS = 50;

/**
 * Decides only once no leave of this site's agent holds any more, for a leader that goes on without etcd (F20), and while none is given: what that
 * leader acknowledges until then, the votes count. The file stays for a while after a yes, until PostgreSQL itself says that it is promoted.
 */
export async function withoutLeave(
  { runtimeDir, now }: Exclusion,
  decide: () => Promise<Verdict>,
): Promise<Verdict> {
  const promoting = promotingFile(runtimeDir);
  const until = now() + PROMOTING_MAX_MS;
  try {
    await leaveWord(promoting, { until }, 0o640);
  } catch (error) {
    // Where the agent has no folder to note a leave in it gives none.
    if (!(await isThere(dirname(leaveFile(runtimeDir))))) return decide();
    return { kind: 'disk', refused: `${promoting} cannot be written (${error})` };
  }
  const verdict = await decideAlone({ runtimeDir, now }, until, decide);
  if (verdict.refused !== null) await rm(promoting, { force: true });
  return verdict;
}

async function decideAlone(
  { runtimeDir, now }: Exclusion,
  until: Millis,
  decide: () => Promise<Verdict>,
): Promise<Verdict> {
  // The agent may have begun to note one before it could see that we are here: so it is read until none holds. None of these, and
  // nothing in the place of one that cannot be read, lasts for longer than one that had been given at this moment.
  const latest = now() + LEAVE_MAX_MS;
  const noted = () => heldUntil(leaveFile(runtimeDir), now(), LEAVE_MAX_MS);
  while (now() < Math.min(await noted(), latest)) await sleep(AGAIN_MS);
  const verdict = await decide();
  // Frozen for that long, as with its machine: the agent has taken us for dead.
  return now() < until ? verdict : { kind: 'postgres', refused: 'it stood still for too long' };
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
