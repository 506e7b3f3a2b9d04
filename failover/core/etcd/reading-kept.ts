import type { KeptLog } from '../view.ts';
import { type Fields, fieldsOf } from './reading-carried.ts';

/** Patroni's own, where the key is not given. */
const MEMBER_SLOTS_TTL_S = 1_800;

/** What Patroni's part of the configuration in etcd says of the log that is kept for sites that are away (F13). */
export function readKept(config: Fields): KeptLog {
  const { parameters } = fieldsOf(config.postgresql);
  const { max_slot_wal_keep_size, wal_keep_size } = fieldsOf(parameters);
  const seconds = amountIn(config.member_slots_ttl, SECONDS, 's');
  return {
    bytesMax: amountIn(max_slot_wal_keep_size, BYTES, 'MB'),
    bytesAlways: amountIn(wal_keep_size, BYTES, 'MB') ?? 0,
    forMs: 1_000 * (seconds ?? MEMBER_SLOTS_TTL_S),
  };
}

const BYTES = { B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };
const SECONDS = { ms: 0.001, s: 1, min: 60, h: 3_600, d: 86_400 };

/** As PostgreSQL and Patroni read it; null where there is none, none can be read, or -1 says that there is no bound. */
function amountIn(value: unknown, units: Readonly<Record<string, number>>, unit: string) {
  const [, number, given] = /^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]*)\s*$/.exec(String(value ?? '')) ?? [];
  const factor = Object.hasOwn(units, given || unit) ? units[given || unit] : undefined;
  return number === undefined || factor === undefined ? null : Number(number) * factor;
}
