import pg from 'pg';
import type { Identity } from '../../certificates/identity.ts';
import type { Site } from '../../core/view.ts';
import type { Etcd } from '../etcd/etcd.ts';
import type { Patroni } from './patroni.ts';

/** The user whom Patroni copies as (patroni-config/patroni.yml). */
const COPIES_AS = 'replicator';
const ANSWERS_WITHIN_MS = 3_000;

/**
 * Patroni removes this site's copy before it asks for another. So first it is tried as Patroni would do it, by
 * the same certificate: behind a cut link, or with a certificate that has ended, the copy stays.
 */
export function cloneWith(
  etcd: Pick<Etcd, 'patroniMember'>,
  own: Pick<Patroni, 'reinitialize'>,
  identity?: Identity,
) {
  return async (from: Site): Promise<void> => {
    const url = (await etcd.patroniMember(from))?.postgres;
    if (url === undefined) throw new Error(`Patroni of ${from} is not in etcd`);
    await assertLetsCopy(new URL(url), identity);
    await own.reinitialize();
  };
}

async function assertLetsCopy(url: URL, identity?: Identity): Promise<void> {
  const client = new pg.Client({
    host: url.hostname,
    port: Number(url.port || 5432),
    user: COPIES_AS,
    // As `sslmode=verify-ca`.
    ssl: identity !== undefined && { ...identity.inUse, checkServerIdentity: () => undefined },
    connectionTimeoutMillis: ANSWERS_WITHIN_MS,
    query_timeout: ANSWERS_WITHIN_MS,
    ...REPLICATION,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('IDENTIFY_SYSTEM');
  } finally {
    await client.end();
  }
}

/** node-postgres knows it, its types do not. */
const REPLICATION: object = { replication: 'true' };
