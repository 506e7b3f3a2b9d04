import type { Site } from '../view.ts';
import type { Random } from './random.ts';

/** Which machines have power and which messages get through. Cuts are of one direction. */
export interface Network {
  /** Part of all messages that are lost, and of those that are slow. */
  lossRate: number;
  /** Part of what agents have etcd change, beside their pulses, that it carries out seconds later. */
  lateRate: number;
  /** Part of what a watch of etcd does not show. */
  watchLossRate: number;
  /** Of messages from there to here, by what is general and by the two network cards (F10). */
  lossBetween(from: Site, to: Site): number;
  /** Part of all that goes through the card of a site. */
  sicken(site: Site, loss: number): void;
  isOn(site: Site): boolean;
  power(site: Site, on: boolean): void;
  cut(from: Site, to: Site): void;
  mend(from: Site, to: Site): void;
  mendAll(): void;
  reaches(from: Site, to: Site): boolean;
  /** Each reaches the other, so that what is asked is answered. */
  links(a: Site, b: Site): boolean;
  /** Between PostgreSQL and Patroni of two sites: one may turn the other's away (docs/third-fence.md), and then neither hears the other. */
  databaseReaches(from: Site, to: Site): boolean;
  block(site: Site, from: Site): void;
  unblock(site: Site): void;
  delay(from: Site, to: Site): number;
}

/** Where nothing is amiss. */
export const LOSS_RATE = 0.002;
const OWN_SITE_MS = 0.5;
const OTHER_SITE_MS = 5;

export function network(sites: readonly Site[], random: Random): Network {
  const off = new Set<Site>();
  const cuts = new Set<string>();
  const blocks = new Map<Site, Site>();
  const cards = new Map<Site, number>();
  const lossOnWay = (from: Site, to: Site): number =>
    from === to ? 0 : 1 - (1 - (cards.get(from) ?? 0)) * (1 - (cards.get(to) ?? 0));
  /** TCP sends it again, and once more if that is lost, too. */
  const again = (from: Site, to: Site): number => {
    const loss = lossOnWay(from, to);
    return loss > 0 && random.chance(loss) ? random.between(200, 1_000) : 0;
  };
  return {
    lossBetween(from, to) {
      return 1 - (1 - this.lossRate) * (1 - lossOnWay(from, to));
    },
    sicken: (site, loss) => void (loss > 0 ? cards.set(site, loss) : cards.delete(site)),
    lossRate: LOSS_RATE,
    lateRate: 0,
    watchLossRate: 0.1,
    isOn: (site) => !off.has(site),
    power: (site, on) => void (on ? off.delete(site) : off.add(site)),
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    mend: (from, to) => void cuts.delete(`${from}>${to}`),
    mendAll: () => {
      cuts.clear();
      cards.clear();
      for (const site of sites) off.delete(site);
    },
    reaches: (from, to) =>
      !off.has(from) &&
      !off.has(to) &&
      (from === to || cuts.size === 0 || !cuts.has(`${from}>${to}`)),
    links(a, b) {
      return this.reaches(a, b) && this.reaches(b, a);
    },
    databaseReaches(from, to) {
      return this.reaches(from, to) && blocks.get(from) !== to && blocks.get(to) !== from;
    },
    block: (site, from) => void blocks.set(site, from),
    unblock: (site) => void blocks.delete(site),
    delay: (from, to) =>
      (from === to ? OWN_SITE_MS : OTHER_SITE_MS) * random.between(1, from === to ? 4 : 2) +
      again(from, to),
  };
}
