import { TIMINGS } from '../core/timings.ts';
import type { SiteStatus, Status } from './status.ts';

/**
 * Whether leader, address, primary and who confirms are what etcd says now. Else they are what it said last, and may be
 * elsewhere by now: whoever shows them says so, or "?".
 */
export const knowsEtcd = ({ etcdSilentMs }: Pick<Status, 'etcdSilentMs'>): boolean =>
  etcdSilentMs !== null && etcdSilentMs <= TIMINGS.unknownMs;

/** By etcd's word, else by its own. */
export const isPrimary = ({ site, postgres }: SiteStatus, status: Status): boolean =>
  knowsEtcd(status) ? site === status.primary : postgres?.role === 'primary';
