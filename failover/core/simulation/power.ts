import type { Site } from '../view.ts';
import type { Cluster, Fault } from './cluster.ts';
import type { World } from './world.ts';

export const powerLoss: Fault = (world, cluster, site, forMs) => {
  if (!powerOff(world, cluster, site)) return;
  world.time.after(forMs, () => powerOn(world, cluster, site));
};

export function powerOff({ network, note }: World, cluster: Cluster, site: Site): boolean {
  if (!network.isOn(site)) return false;
  note(`${site} has no power`);
  network.power(site, false);
  cluster.etcd.membership?.powerOff(site);
  cluster.agents.get(site)!.stop();
  // A witness has neither.
  cluster.servers.get(site)?.stop();
  cluster.patronis.get(site)?.stop();
  return true;
}

export function powerOn({ network, note }: World, cluster: Cluster, site: Site): void {
  if (network.isOn(site)) return;
  note(`${site} has power`);
  network.power(site, true);
  cluster.etcd.membership?.starts.powerOn(site);
  cluster.agents.get(site)!.begin();
  cluster.servers.get(site)?.begin();
  cluster.patronis.get(site)?.begin();
}
