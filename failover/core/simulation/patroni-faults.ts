import type { Fault } from './cluster.ts';
import { NAMES, patroniConfigIn } from './store.ts';

export const patroniFrozen: Fault = (_world, cluster, site, forMs) =>
  cluster.patronis.get(site)!.freeze(forMs);
export const patroniRestarted: Fault = ({ random }, cluster, site, forMs) =>
  cluster.patronis.get(site)!.restart(Math.min(forMs, random.between(500, 25_000)));
export const patroniPaused: Fault = ({ time }, { etcd }, _site, forMs) => {
  etcd.change((store) =>
    store.put(NAMES.patroniConfig, { ...patroniConfigIn(store), pause: true }),
  );
  time.after(forMs, () =>
    etcd.change((store) => {
      const { pause: _, ...config } = patroniConfigIn(store);
      store.put(NAMES.patroniConfig, config);
    }),
  );
};
