import type { Cluster } from '../cluster/support/cluster.ts';
import type { Site } from '../cluster/support/site.ts';
import type { StoredMessage } from '../support/history/history.ts';
import type { SystemName } from './results.ts';

/** Three sites of one system, and what is asked of each alike. */
export interface System extends AsyncDisposable {
  readonly name: SystemName;
  readonly cluster: Cluster;
  /** Waits until every copy of the database is in step and the address answers, and gives the site that has it. */
  untilWhole(withinMs?: number): Promise<Site>;
  /** The same, with the primary at the site that has the address: as an operator has it, and where a loss costs most. */
  untilGathered(): Promise<Site>;
  /** SIGKILL; whatever watches over the program starts it again. */
  kill(program: 'homeserver' | 'proxy', at: Site): Promise<unknown>;
  /** As an operator does it who wants to work at the first of these. */
  switchover(from: Site, to: Site): Promise<unknown>;
  stored(prefix: string): Promise<StoredMessage[]>;
  versions(): Promise<Record<string, string>>;
}

/** What both systems stand on, as a site says it. */
export async function commonVersions(site: Site): Promise<Record<string, string>> {
  const first = async (command: string[]) => {
    const { stdout, stderr } = await site.run(command);
    return /\d+(?:\.\d+)+/.exec(`${stdout}${stderr}`)?.[0] ?? 'unknown';
  };
  return {
    PostgreSQL: await first(['/usr/lib/postgresql/17/bin/postgres', '--version']),
    Patroni: await first(['patroni', '--version']),
    etcd: await first(['etcd', '--version']),
  };
}
