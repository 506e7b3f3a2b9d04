import { bareHost } from '../core/bare-host.ts';
import type { Found } from '../core/etcd/reading.ts';

/** Where a site's Patroni and PostgreSQL answer, by Patroni's own word in etcd. */
export interface Member {
  readonly api: URL;
  readonly postgresHost: string;
}

/** Null where its Patroni is away, or says what nobody can read. */
export function memberIn(found: Found | undefined): Member | null {
  const { api_url, conn_url } = (found?.json ?? {}) as { api_url?: unknown; conn_url?: unknown };
  if (typeof api_url !== 'string' || typeof conn_url !== 'string') return null;
  const [api, postgres] = [URL.parse(api_url), URL.parse(conn_url)];
  return api && postgres && { api, postgresHost: bareHost(postgres) };
}
