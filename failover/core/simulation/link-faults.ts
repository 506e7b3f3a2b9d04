import type { Cluster, Fault } from './cluster.ts';
import type { World } from './world.ts';

/** F10. */
export const cardSick: Fault = (world, cluster, site, forMs) =>
  sickenCard(world, cluster, site, { loss: world.random.between(0.05, 0.3), forMs });

/** Each time for long enough to be noticed. */
export const cardSickAgainAndAgain: Fault = (world, cluster, site, forMs) => {
  const { time, random } = world;
  const until = time.now + forMs;
  const again = (): void => {
    const sickMs = random.between(4_000, 12_000);
    sickenCard(world, cluster, site, { loss: 0.15, forMs: sickMs });
    const next = sickMs + random.between(1_000, 15_000);
    if (time.now + next < until) time.after(next, again);
  };
  again();
};

export function sickenCard(
  { network, time, note }: World,
  _cluster: Cluster,
  site: string,
  { loss, forMs }: { readonly loss: number; readonly forMs: number },
): void {
  network.sicken(site, loss);
  note(`the network card of ${site} loses ${Math.round(100 * loss)} %`);
  time.after(forMs, () => network.sicken(site, 0));
}
