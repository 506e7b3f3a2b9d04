import type { Cluster, Fault } from './cluster.ts';
import type { World } from './world.ts';

/** F11. Others write there too: Patroni its files, etcd its log, if they are on the same disk. */
export const diskStalls: Fault = (world, cluster, site, forMs) => {
  const { random } = world;
  stallDisk(world, cluster, site, forMs);
  if (random.chance(0.2)) cluster.patronis.get(site)!.freeze(forMs);
  if (random.chance(0.2)) cluster.etcd.freeze(site, forMs);
};

/** Each time for long enough to be noticed. */
export const diskStallsAgainAndAgain: Fault = (world, cluster, site, forMs) => {
  const { time, random } = world;
  const until = time.now + forMs;
  const again = (): void => {
    const stallMs = random.between(4_000, 9_000);
    stallDisk(world, cluster, site, stallMs);
    const next = stallMs + random.between(1_000, 15_000);
    if (time.now + next < until) time.after(next, again);
  };
  again();
};

export const allDisksStall: Fault = (world, cluster, _site, forMs) => {
  for (const site of world.sites)
    stallDisk(world, cluster, site, world.random.between(0.5, 1) * forMs);
};

/** F12. Once it is full PostgreSQL falls, and falls again at each start, until somebody makes room. */
export const diskFills: Fault = (world, cluster, site, forMs) => {
  const { random } = world;
  fillDisk(world, cluster, site, {
    free: random.between(0.03, 0.1),
    fullAfterMs: random.between(0.4, 1.5) * forMs,
    forMs,
  });
};

export function stallDisk(
  { note, time }: World,
  { postgreses }: Cluster,
  site: string,
  forMs: number,
): void {
  const postgres = postgreses.get(site)!;
  postgres.stallDisk(forMs);
  note(`the disk of ${site} stalls`);
  time.after(forMs, () => {
    if (!postgres.disk.stalled) note(`the disk of ${site} answers`);
  });
}

export interface Filling {
  readonly free: number;
  readonly fullAfterMs: number;
  readonly forMs: number;
}

export function fillDisk(
  { time, note }: World,
  { postgreses, patronis }: Cluster,
  site: string,
  { free, fullAfterMs, forMs }: Filling,
): void {
  const { disk } = postgreses.get(site)!;
  disk.fill(free, (1_000 * free) / fullAfterMs, forMs);
  note(`the disk of ${site} fills`);
  const until = time.now + forMs;
  const look = (): void => {
    if (time.now >= until) return;
    if (disk.free === 0 && postgreses.get(site)!.up) {
      note(`the disk of ${site} is full`);
      patronis.get(site)!.crashPostgres();
    }
    time.after(LOOK_EVERY_MS, look);
  };
  look();
}

const LOOK_EVERY_MS = 500;
