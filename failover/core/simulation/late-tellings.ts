import type { Site } from '../view.ts';
import type { Cluster, Fault } from './cluster.ts';
import { powerLoss } from './power.ts';
import type { World } from './world.ts';

/**
 * No standby receives anything any more; what the writer commits meanwhile a base backup alone confirms, which is no site (D3.2), while nobody is
 * answered. Then a standby is named again, of which the primary hears and which does not hear the primary; and the primary is lost.
 */
export const strangerConfirms: Fault = (world, cluster, site) => {
  const [follows, cloned] = standbysOf(world, site);
  nobodyReceives(world, cluster, site);
  world.time.after(5_600, () => cluster.patronis.get(cloned)!.reinitialize());
  world.time.after(7_000, () => world.network.cut(site, follows));
  world.time.after(9_500, () => powerLoss(world, cluster, site, 40_000));
  world.time.after(9_600, () => world.network.mend(site, follows));
  world.busyFor(60_000);
};

/** And the server hears that, and of its new deadline, at once. */
export const strangerConfirmsUnheard: Fault = (world, cluster, site, forMs) => {
  strangerConfirms(world, cluster, site, forMs);
  world.time.after(6_200, () => cluster.servers.get(site)!.pause(2_500));
};

/** Of three sites the other two. */
export function standbysOf({ sites }: World, active: Site): [Site, Site] {
  const [one, other] = sites.filter((site) => site !== active);
  return [one!, other!];
}

/** Until the primary's Patroni has taken all out of `/sync`, and a moment more. */
function nobodyReceives(world: World, { postgreses }: Cluster, site: string): void {
  for (const other of world.sites) if (other !== site) postgreses.get(other)!.stall(7_200);
}
