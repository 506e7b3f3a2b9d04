import type { Fault } from './cluster.ts';
import { patroniFrozen } from './patroni-faults.ts';
import { powerLoss } from './power.ts';

/** F20: none of its members answers anybody. */
export const etcdAway: Fault = ({ time, members }, { etcd }, _site, forMs) => {
  for (const member of members) etcd.kill(member);
  time.after(forMs, () => {
    for (const member of members) etcd.revive(member);
  });
};

/** The site alone does not reach etcd; the others do, and could put somebody in its place. */
export const etcdHidden: Fault = ({ time }, { etcd }, site, forMs) => {
  etcd.hide(site);
  time.after(forMs, () => etcd.show(site));
};

/** And while the one goes on with leave of the others, one of them, or it itself, is lost. */
export const etcdAwayAndSiteLost: Fault = (world, cluster, site, forMs) => {
  etcdAway(world, cluster, site, forMs);
  const { time, random, sites } = world;
  time.after(random.between(0, forMs), () =>
    powerLoss(world, cluster, random.pick(sites), random.between(1_000, 30_000)),
  );
};

/** And the ways between the agents break off and come back. */
export const etcdHiddenAndLinksCut: Fault = (world, cluster, site, forMs) => {
  etcdHidden(world, cluster, site, forMs);
  const { time, random, network, sites } = world;
  for (const other of sites.filter((each) => each !== site)) {
    const [from, to] = random.chance(0.5) ? [site, other] : [other, site];
    time.after(random.between(0, forMs), () => {
      network.cut(from, to);
      time.after(random.between(500, 15_000), () => network.mend(from, to));
    });
  }
};

/** And its Patroni is frozen, so that it asks nobody: the others elect another leader beside a PostgreSQL that lives, and an agent that may go on. */
export const etcdHiddenAndPatroniFrozen: Fault = (world, cluster, site, forMs) => {
  etcdHidden(world, cluster, site, forMs);
  patroniFrozen(world, cluster, site, forMs);
};
