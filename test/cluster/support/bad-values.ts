import type { Cluster } from './cluster.ts';
import { deleteKey, type EtcdKey, keyOf, putKey } from './etcd.ts';
import { statusOf } from './farol.ts';
import type { Site } from './site.ts';
import { until } from './until.ts';

/** Empty, nothing in it, Patroni's older way to write a switchover, of another shape, and much of nothing. */
export const BAD_VALUES = ['', '{}', 'a:b', '[[{"leader":17}]]', `\u0000{"${'x'.repeat(400_000)}`];

/**
 * Puts each of these values into a key of etcd's, as `etcdctl put` does: without the lease of what was there. Waits
 * until every agent has named the key or its owner has written it anew, and puts back what nobody has.
 */
export async function putBadly(
  cluster: Cluster,
  key: string,
  values: readonly string[] = BAD_VALUES,
): Promise<void> {
  const [site] = cluster.sites as [Site];
  const good = await keyOf(cluster, site, key);
  for (const value of values) {
    await putKey(cluster, site, { key, value, lease: '0' });
    const shown = `${key} is named or mended: ${value.slice(0, 20)}`;
    await until(shown, () => isNamedOrMended(cluster, key, value));
  }
  const now = await keyOf(cluster, site, key);
  if (now !== undefined && values.includes(now.value)) await restore(cluster, key, good);
}

async function isNamedOrMended(cluster: Cluster, key: string, value: string): Promise<boolean> {
  const [site] = cluster.sites as [Site];
  const found = await keyOf(cluster, site, key);
  if (found?.value !== value) return true;
  const shown = await Promise.all(cluster.machines.map(statusOf));
  return shown.every(({ etcdSilentMs, unreadable }) => {
    const isSeen = etcdSilentMs !== null && etcdSilentMs < 2_000;
    return isSeen && (isReadable(key, value) || unreadable.includes(key));
  });
}

/** No agent looks at it, or it says something to Patroni, and so to an agent. */
const isReadable = (key: string, value: string): boolean =>
  /\/(failsafe|status|initialize|failover|members\/.)$/.test(key) ||
  (value === '{}' && /\/(config|sync)$/.test(key));

/** A leader key is removed: whose it is then is Patroni's to say. */
async function restore(cluster: Cluster, key: string, good: EtcdKey | undefined): Promise<void> {
  const [site] = cluster.sites as [Site];
  if (good === undefined || key.endsWith('/leader')) await deleteKey(cluster, site, key);
  else await putKey(cluster, site, { key, value: good.value, lease: '0' });
}

/**
 * How often programs have ended. Whatever they read, none may; but a server whose deadline is taken back while a
 * commit is under way ends itself, once each time (server/log/writer.ts).
 */
export async function endingsIn(cluster: Cluster): Promise<{ servers: number; others: object[] }> {
  const all = await Promise.all(cluster.sites.map((site) => site.endings()));
  return {
    servers: all.reduce((total, { server = 0 }) => total + server, 0),
    others: all.map(({ server: _, ...others }) => others),
  };
}
