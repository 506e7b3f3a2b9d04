import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { serverHealth, statusOf, untilWell } from './support/farol.ts';
import { everyTarget, type Survived, underLoad } from './support/load.ts';
import { promotedOf } from './support/patroni.ts';
import { promised } from './support/promise.ts';
import type { Site } from './support/site.ts';
import { until } from './support/until.ts';
import { useCluster } from './support/use-cluster.ts';

// What is well whenever one looks, and does not do its work (F29).

const cluster = useCluster({ sites: 3 });

test('a server that falls in a loop costs its site the lead within 30 s, and nothing is lost or doubled', async () => {
  const active = await untilWell(cluster());
  const survived = await whileWriterMoves(active, 'server falls in a loop', async (moved) => {
    while (!moved.aborted) {
      await active.signal('KILL', 'server').catch(() => undefined);
      await until('it writes again, or another site leads', async () => {
        return moved.aborted || (await serverHealth(active)).role === 'writer';
      });
      await sleep(UP_MS, undefined, { signal: moved }).catch(() => undefined);
    }
  });
  expect(survived.violations).toEqual([]);
  expect(Object.keys(survived.measured.failed).filter((what) => !isSetAside(what))).toEqual([]);
});

test('a PostgreSQL that answers and whose commits do not come back costs its site the lead, and status tells of them', async () => {
  const active = await untilWell(cluster());
  const survived = await whileWriterMoves(active, 'commits do not come back', async (moved) => {
    const pid = await until('the writer commits', async () => {
      const [writer] = await active.sql<{ pid: number }>(
        `SELECT pid FROM pg_stat_activity WHERE application_name = 'farol-writer'`,
      );
      return writer?.pid;
    });
    await stopBetweenLocks(active, pid);
    // Asked in JSON: the command takes seconds on a busy machine, and the site is moved some seconds later.
    await until('status says whose commits do not come back', async () => {
      return moved.aborted || (await statusOf(active)).writes.stuckAt === active.name;
    });
    expect(moved.aborted).toBe(false);
  });
  expect(survived.violations).toEqual([]);
});

/**
 * Where the frozen backend waits for standbys, or for the next statement. One that is frozen while it flushes keeps PostgreSQL's lock on
 * the log: Patroni then waits without an end for the CHECKPOINT that precedes its switchover (failover/README.md, "Gray failure").
 */
async function stopBetweenLocks(site: Site, pid: number): Promise<void> {
  await until('the backend stands where it holds no lock', async () => {
    await site.must(['kill', '-STOP', String(pid)]);
    const [backend] = await site.sql<{ wait_event: string | null }>(
      `SELECT wait_event FROM pg_stat_activity WHERE pid = ${pid}`,
    );
    if (['SyncRep', 'ClientRead'].includes(backend?.wait_event ?? '')) return true;
    await site.must(['kill', '-CONT', String(pid)]);
    return false;
  });
}

/** Under load, until another site than `active` writes; and that it does in time. */
async function whileWriterMoves(
  active: Site,
  title: string,
  breakIt: (moved: AbortSignal) => Promise<void>,
): Promise<Survived> {
  const moved = new AbortController();
  const survived = await underLoad(cluster(), { title }, async (load) => {
    await load.untilFlowing(everyTarget(cluster()));
    load.strike();
    const from = performance.now();
    const breaking = breakIt(moved.signal);
    const others = cluster().sites.filter((site) => site !== active);
    await until('another site leads', () => promotedOf(others));
    console.log(`${title}: moved after ${Math.round(performance.now() - from)} ms`);
    expect(performance.now() - from).toBeLessThanOrEqual(promised(MOVED_WITHIN_MS));
    moved.abort();
    await breaking;
    await load.untilFlowing(everyTarget(cluster()));
  });
  expect(await untilWell(cluster())).not.toBe(active);
  return survived;
}

/** Fronts give up a request that three writers in a row died of, for all they know. */
const isSetAside = (failure: string): boolean => failure.endsWith('503 M_UNKNOWN');

const UP_MS = 3_000;
const MOVED_WITHIN_MS = 30_000;
