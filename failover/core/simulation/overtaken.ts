import type { Site } from '../view.ts';
import type { Cluster, Fault } from './cluster.ts';
import { patroniFrozen, patroniPaused } from './patroni-faults.ts';
import { powerLoss, powerOff, powerOn } from './power.ts';
import { primaryOf } from './store.ts';
import type { World } from './world.ts';

/**
 * Two sites are promoted in turn from copies that never met. The first dies with much of its timeline that nobody
 * received; the second acknowledges, and dies as the first returns.
 */
export const promotedApart: Fault = (world, cluster, site) => {
  const { time, random, sites } = world;
  const giveUpAt = time.now + 100_000;
  const oncePrimary = (but: Site, then: (site: Site) => void): void => {
    const next = () =>
      [...cluster.postgreses.values()].find(({ up, primary }) => up && primary)?.site ?? but;
    when(
      world,
      giveUpAt,
      () => next() !== but,
      () => then(next()),
    );
  };
  powerOff(world, cluster, site);
  oncePrimary(site, (first) => {
    for (const other of sites) if (other !== first) cluster.postgreses.get(other)!.stall(5_000);
    cluster.postgreses.get(first)!.writeMore(random.between(1e6, 5e7));
    later(world, random.between(0, 300), () => {
      powerOff(world, cluster, first);
      powerOn(world, cluster, site);
      oncePrimary(first, (second) => {
        later(world, random.between(1_000, 12_000), () => {
          powerOff(world, cluster, second);
          powerOn(world, cluster, first);
          later(world, random.between(20e3, 50e3), () => powerOn(world, cluster, second));
        });
      });
    });
  });
};

/**
 * Patroni of the active site is frozen, and another site promoted, which dies with much before anybody has received
 * of it; the old one goes on in its timeline and acknowledges, and dies as that one returns.
 */
export const leftTooEarly: Fault = (world, cluster, site) => {
  const { random } = world;
  overtaken(world, cluster, site, 60_000, {
    promoted: (next) => {
      cluster.postgreses.get(next)!.writeMore(random.between(1e6, 5e7));
      later(world, random.between(0, 300), () => powerOff(world, cluster, next));
    },
    back: (next) =>
      later(world, random.between(3e3, 20e3), () => {
        powerOff(world, cluster, site);
        powerOn(world, cluster, next);
        later(world, random.between(20e3, 50e3), () => powerOn(world, cluster, site));
      }),
  });
};

/**
 * Patroni of the active site is frozen, and another site promoted, whose Patroni is frozen, too; the old one takes
 * its key again and dies after a while; and the other one, a primary all the time, takes it without being asked.
 */
export const frozenInTurn: Fault = (world, cluster, site) => {
  const { time, random } = world;
  const giveUpAt = time.now + 90_000;
  overtaken(world, cluster, site, 90_000, {
    promoted: (next) => later(world, 100, () => patroniFrozen(world, cluster, next, 200_000)),
    back: (next) =>
      later(world, random.between(12e3, 45e3), () => {
        powerOff(world, cluster, site);
        freezeThird(world, cluster, [site, next]);
        when(world, giveUpAt, nobodyLeads(cluster), () => {
          cluster.patronis.get(next)!.thaw();
          later(world, random.between(20e3, 50e3), () => powerOn(world, cluster, site));
        });
      }),
  });
};

/**
 * Patroni of the active site is frozen between reading that it leads and prolonging its key; another site is promoted,
 * acknowledges and is lost; and the one that was frozen takes the vacant key without a look at what happened since.
 */
export const frozenInItsLoop: Fault = (world, cluster, site) => {
  cluster.patronis.get(site)!.freezeInLoop(120_000);
  passedAndLost(world, cluster, site, (back) => {
    when(world, back.giveUpAt, nobodyLeads(cluster), () => {
      cluster.patronis.get(site)!.thaw();
      lostLater(world, cluster, site);
      back.returns();
    });
  });
};

/**
 * Patroni of the active site is frozen; another site is promoted, acknowledges and is lost; an operator pauses Patroni,
 * and in a pause a running primary takes a vacant key whatever its timeline is.
 */
export const pausedBetweenLosses: Fault = (world, cluster, site) => {
  const { random } = world;
  patroniFrozen(world, cluster, site, 120_000);
  passedAndLost(world, cluster, site, (back) => {
    patroniPaused(world, cluster, site, random.between(30e3, 50e3));
    later(world, random.between(0, 2_000), () => cluster.patronis.get(site)!.thaw());
    when(
      world,
      back.giveUpAt,
      () => primaryOf(cluster.etcd.store) === site,
      () => {
        lostLater(world, cluster, site);
        back.returns();
      },
    );
  });
};

/** Some seconds later, in half of all seeds: by then all others may follow it. */
function lostLater(world: World, cluster: Cluster, site: Site): void {
  const { random } = world;
  if (random.chance(0.5)) return;
  later(world, random.between(500, 15e3), () =>
    powerLoss(world, cluster, site, random.between(5e3, 40e3)),
  );
}

interface Back {
  readonly giveUpAt: number;
  /** The site that was lost is back, in a while. */
  readonly returns: () => void;
}

/** Another site has acknowledged, and is lost. */
function passedAndLost(
  world: World,
  cluster: Cluster,
  site: Site,
  then: (back: Back) => void,
): void {
  const { time, random } = world;
  const giveUpAt = time.now + 110_000;
  const acknowledges = (other: Site): boolean =>
    other !== site && cluster.servers.get(other)!.open && cluster.postgreses.get(other)!.primary;
  when(
    world,
    giveUpAt,
    () => world.sites.some(acknowledges),
    () => {
      const next = world.sites.find(acknowledges)!;
      later(world, random.between(500, 12e3), () => {
        powerOff(world, cluster, next);
        const returns = () =>
          later(world, random.between(5e3, 40e3), () => powerOn(world, cluster, next));
        then({ giveUpAt, returns });
      });
    },
  );
}

interface Overtaken {
  readonly promoted: (next: Site) => void;
  readonly back: (next: Site) => void;
}

/** Its Patroni is frozen until another site was promoted and has lost Patroni's key, or for so long. */
function overtaken(
  world: World,
  cluster: Cluster,
  site: Site,
  forMs: number,
  { promoted, back }: Overtaken,
): void {
  const giveUpAt = world.time.now + forMs;
  const leads = (other: Site) => other !== site && cluster.postgreses.get(other)!.primary;
  patroniFrozen(world, cluster, site, forMs);
  const begun = (): void => {
    const next = world.sites.find(leads)!;
    // Whoever is the third goes on following the old one.
    freezeThird(world, cluster, [site, next]);
    promoted(next);
    when(world, giveUpAt, nobodyLeads(cluster), () => {
      cluster.patronis.get(site)!.thaw();
      back(next);
    });
  };
  when(world, giveUpAt, () => world.sites.some(leads), begun);
}

function freezeThird(world: World, cluster: Cluster, but: readonly Site[]): void {
  for (const other of world.sites)
    if (!but.includes(other)) patroniFrozen(world, cluster, other, 30_000);
}

const nobodyLeads =
  ({ etcd }: Cluster) =>
  (): boolean =>
    primaryOf(etcd.store) === null;

const AGAIN_MS = 20;

/** For what comes of the last thing that happens. */
const BEHIND_MS = 15_000;

/** The story goes on until then, so that nothing is mended before; and no longer, since every second of it is computed. */
function later(world: World, delayMs: number, act: () => void): void {
  world.busyFor(delayMs + BEHIND_MS);
  world.time.after(delayMs, act);
}

function when(world: World, giveUpAt: number, happened: () => boolean, then: () => void): void {
  if (happened()) then();
  else if (world.time.now < giveUpAt)
    later(world, AGAIN_MS, () => when(world, giveUpAt, happened, then));
}
