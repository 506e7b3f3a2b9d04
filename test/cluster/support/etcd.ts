import { request } from 'undici';
import type { Cluster } from './cluster.ts';
import type { Site } from './site.ts';
import { until } from './until.ts';

interface Status {
  /** Decimal text: 64 bits do not fit a number. */
  readonly leader?: string;
  readonly header: { readonly member_id: string };
}

/** The site whose etcd member leads, or undefined during an election. */
export async function etcdLeader(cluster: Cluster): Promise<Site | undefined> {
  const asked = cluster.machines.map(async (site) => {
    const status = await ask<Status>(cluster, site, '/v3/maintenance/status');
    if (status.leader !== status.header.member_id) throw new Error(`${site.name} does not lead`);
    return site;
  });
  return Promise.any(asked).catch(() => undefined);
}

export async function moveEtcdLeader(cluster: Cluster, to: Site): Promise<void> {
  await until(`etcd is led by ${to.name}`, async () => {
    const leader = await etcdLeader(cluster);
    if (!leader || leader === to) return leader === to;
    const { header } = await ask<Status>(cluster, to, '/v3/maintenance/status');
    await ask(cluster, leader, '/v3/maintenance/transfer-leadership', {
      targetID: header.member_id,
    });
    return false;
  });
}

export interface EtcdKey {
  readonly value: string;
  /** Decimal text, as all of 64 bits; '0' is none. */
  readonly lease: string;
  readonly createRevision: string;
  readonly modRevision: string;
}

/** A key, read through one site's etcd with the consent of the majority; or as it was at a revision. */
export async function keyOf(
  cluster: Cluster,
  site: Site,
  key: string,
  revision?: number,
): Promise<EtcdKey | undefined> {
  const answer = await ask<{
    kvs?: { value?: string; lease?: string; create_revision: string; mod_revision: string }[];
  }>(cluster, site, '/v3/kv/range', {
    key: base64(key),
    ...(revision === undefined ? {} : { revision }),
  });
  const found = answer.kvs?.[0];
  if (!found) return undefined;
  return {
    value: Buffer.from(found.value ?? '', 'base64').toString('utf8'),
    lease: found.lease ?? '0',
    createRevision: found.create_revision,
    modRevision: found.mod_revision,
  };
}

/** Etcd's revision now, to ask later what was written since. */
export async function revisionNow(cluster: Cluster, site: Site): Promise<number> {
  const { header } = await ask<{ header: { revision: string } }>(cluster, site, '/v3/kv/range', {
    key: base64('x'),
  });
  return Number(header.revision);
}

/**
 * What was written to a key after that revision, the newest first: also what was there only between two looks. As long as
 * nobody deletes the key; etcd keeps an hour.
 */
export async function writtenSince(
  cluster: Cluster,
  site: Site,
  { key, since }: { readonly key: string; readonly since: number },
): Promise<string[]> {
  const written: string[] = [];
  let found = await keyOf(cluster, site, key);
  while (found && Number(found.modRevision) > since) {
    written.push(found.value);
    found = await keyOf(cluster, site, key, Number(found.modRevision) - 1);
  }
  return written;
}

export async function putKey(
  cluster: Cluster,
  site: Site,
  { key, value, lease }: { key: string; value: string; lease: string },
): Promise<void> {
  await ask(cluster, site, '/v3/kv/put', { key: base64(key), value: base64(value), lease });
}

/** In one transaction, so that all are of one revision. */
export async function putKeys(
  cluster: Cluster,
  site: Site,
  keys: readonly { readonly key: string; readonly value: string; readonly lease: string }[],
): Promise<void> {
  const success = keys.map(({ key, value, lease }) => ({
    request_put: { key: base64(key), value: base64(value), lease },
  }));
  await ask(cluster, site, '/v3/kv/txn', { success });
}

export async function deleteKey(cluster: Cluster, site: Site, key: string): Promise<void> {
  await ask(cluster, site, '/v3/kv/deleterange', { key: base64(key) });
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

async function ask<T>(cluster: Cluster, site: Site, path: string, body: object = {}): Promise<T> {
  const answer = await request(`https://${site.ip}:2379${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    dispatcher: cluster.insider,
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`etcd of ${site.name} answered ${text}`);
  return JSON.parse(text) as T;
}
