import type { Fault } from './cluster.ts';
import { NAMES } from './store.ts';

export const patroniFrozen: Fault = (_world, cluster, site, forMs) =>
  cluster.patronis.get(site)!.freeze(forMs);
export const patroniRestarted: Fault = ({ random }, cluster, site, forMs) =>
  cluster.patronis.get(site)!.restart(Math.min(forMs, random.between(500, 25_000)));
export const patroniPaused: Fault = ({ time, failsafe }, { etcd }, _site, forMs) => {
  const config = failsafe ? { failsafe_mode: true } : {};
  etcd.change((store) => store.put(NAMES.patroniConfig, { ...config, pause: true }));
  time.after(forMs, () => etcd.change((store) => store.put(NAMES.patroniConfig, config)));
};
