import type { Site } from '../view.ts';
import type { Random } from './random.ts';

/** Which machines have power and which messages get through. Cuts are of one direction. */
export interface Network {
  /** Part of all messages that are lost, and of those that are slow. */
  lossRate: number;
  /** Part of what a watch of etcd does not show. */
  watchLossRate: number;
  isOn(site: Site): boolean;
  power(site: Site, on: boolean): void;
  cut(from: Site, to: Site): void;
  mend(from: Site, to: Site): void;
  mendAll(): void;
  reaches(from: Site, to: Site): boolean;
  delay(from: Site, to: Site): number;
}

const OWN_SITE_MS = 0.5;
const OTHER_SITE_MS = 5;

export function network(sites: readonly Site[], random: Random): Network {
  const off = new Set<Site>();
  const cuts = new Set<string>();
  return {
    lossRate: 0.002,
    watchLossRate: 0.1,
    isOn: (site) => !off.has(site),
    power: (site, on) => void (on ? off.delete(site) : off.add(site)),
    cut: (from, to) => void cuts.add(`${from}>${to}`),
    mend: (from, to) => void cuts.delete(`${from}>${to}`),
    mendAll: () => {
      cuts.clear();
      for (const site of sites) off.delete(site);
    },
    reaches: (from, to) =>
      !off.has(from) && !off.has(to) && (from === to || !cuts.has(`${from}>${to}`)),
    delay: (from, to) =>
      (from === to ? OWN_SITE_MS : OTHER_SITE_MS) * random.between(1, from === to ? 4 : 2),
  };
}
