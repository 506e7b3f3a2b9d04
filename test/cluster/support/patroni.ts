import { request } from 'undici';
import type { Cluster } from './cluster.ts';
import { deleteKey, keyOf } from './etcd.ts';
import type { Site } from './site.ts';
import { until } from './until.ts';

export interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
}

/** The members of the Patroni cluster as one site sees them. */
export async function membersSeenBy(cluster: Cluster, site: Site): Promise<readonly Member[]> {
  const url = `https://${site.ip}:8010/cluster`;
  const { body } = await request(url, { dispatcher: cluster.insider });
  return ((await body.json()) as { members: Member[] }).members;
}

/** The site whose PostgreSQL is the primary and holds Patroni's lock, as the site itself says. */
export async function primaryOf(cluster: Cluster): Promise<Site | undefined> {
  const asked = cluster.sites.map(async (site) => {
    const url = `https://${site.ip}:8010/primary`;
    const { statusCode, body } = await request(url, { dispatcher: cluster.insider });
    await body.dump();
    if (statusCode !== 200) throw new Error(`${site.name} is no primary`);
    return site;
  });
  return Promise.any(asked).catch(() => undefined);
}

/**
 * Which of these sites' PostgreSQL takes writes, as it says itself. Patroni calls itself the primary as soon as it has its
 * key: before PostgreSQL is promoted, and also where the promotion is then refused.
 */
export async function promotedOf(sites: readonly Site[]): Promise<Site | undefined> {
  const asked = sites.map(async (site) => {
    const [row] = await site.sql<{ leads: boolean }>(
      'SELECT NOT pg_is_in_recovery() AS leads',
      'postgres',
    );
    if (row?.leads !== true) throw new Error(`${site.name} is not promoted`);
    return site;
  });
  return Promise.any(asked).catch(() => undefined);
}

/** Waits until one primary has all other sites as standbys that stream and count for commits. */
export function untilReplicated(cluster: Cluster, withinMs = 240_000): Promise<Site> {
  return until(
    'one primary, and every other site streams as a synchronous standby',
    async () => {
      const primary = await primaryOf(cluster);
      if (!primary) {
        await beginAnew(cluster);
        return false;
      }
      const members = await membersSeenBy(cluster, primary);
      const standbys = members.filter(({ name }) => name !== primary.name);
      const counting = standbys.filter(
        ({ role, state }) => /^(quorum|sync)_standby$/.test(role) && state === 'streaming',
      );
      return (
        counting.length === cluster.sites.length - 1 &&
        (await hasStandbys(cluster, primary)) &&
        primary
      );
    },
    withinMs,
  );
}

/** As PostgreSQL says: what members say of themselves is as old as Patroni's last look, and outlives them. */
async function hasStandbys(cluster: Cluster, primary: Site): Promise<boolean> {
  const streaming = await primary.sql<{ site: string }>(
    `SELECT application_name AS site FROM pg_stat_replication
     WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum') AND NOT pg_is_in_recovery()`,
    'postgres',
  );
  const names = streaming.map(({ site }) => site);
  return cluster.sites.every((site) => site === primary || names.includes(site.name));
}

/**
 * As the operator whom `status` tells to: where etcd carried out that a site makes the database, and was too busy to
 * answer in time, every Patroni waits for another one (seen at a load of 28: three test files never began). That each
 * waits it says itself, and while the key is there none begins: by a time alone it was taken from one that had only just
 * begun, and two made a database (seen at a load of 45).
 */
async function beginAnew(cluster: Cluster): Promise<void> {
  const [site] = cluster.sites as [Site];
  const key = '/service/farol/initialize';
  if ((await keyOf(cluster, site, key))?.value !== '') return;
  if (!(await Promise.all(cluster.sites.map(waitsForAnother))).every(Boolean)) return;
  await deleteKey(cluster, site, key);
}

async function waitsForAnother(site: Site): Promise<boolean> {
  const said = (await site.log('patroni', 50)).match(/INFO: .*(bootstrap|initialize lock).*/g);
  return said?.at(-1)?.includes('waiting for leader to bootstrap') === true;
}

/** Changes the part of Patroni's configuration that lies in etcd; the same change twice is one. */
export async function configure(cluster: Cluster, site: Site, change: object): Promise<void> {
  await until(`Patroni takes ${JSON.stringify(change)}`, async () => {
    const { statusCode, body } = await request(`https://${site.ip}:8010/config`, {
      method: 'PATCH',
      body: JSON.stringify(change),
      dispatcher: cluster.insider,
    });
    const said = await body.text();
    if (statusCode !== 200) throw new Error(`Patroni refused the change: ${said}`);
    return true;
  });
}

/** Pauses Patroni. Of these sites each one knows of it then: a look that began before could still promote its copy. */
export async function pause(cluster: Cluster, sites: readonly Site[]): Promise<void> {
  await configure(cluster, sites[0]!, { pause: true });
  for (const site of sites) {
    await until(`Patroni of ${site.name} knows that it is paused`, async () => {
      const url = `https://${site.ip}:8010/patroni`;
      const { body } = await request(url, { dispatcher: cluster.insider });
      return ((await body.json()) as { pause?: boolean }).pause === true;
    });
  }
}

/** Patroni's own planned switchover, beneath Farol: for tests of the database layer alone. */
export async function switchoverDatabase(cluster: Cluster, from: Site, to: Site): Promise<void> {
  const { statusCode, body } = await request(`https://${from.ip}:8010/switchover`, {
    method: 'POST',
    body: JSON.stringify({ leader: from.name, candidate: to.name }),
    dispatcher: cluster.insider,
    headersTimeout: 60_000,
  });
  const said = await body.text();
  if (statusCode !== 200) throw new Error(`Patroni refused the switchover: ${said}`);
}

/** As an operator at this site types it, with what he answers to its questions. */
export function patronictl(site: Site, command: string, answers: readonly string[] = []) {
  const typed = answers.map((answer) => `${answer}\n`).join('');
  const program = `printf %s "$1" | timeout 60 patronictl -c /etc/patroni/config.yml ${command}`;
  return site.run(['bash', '-c', program, 'bash', typed], 'postgres');
}
