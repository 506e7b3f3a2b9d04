import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { EtcdDamage } from '../../core/view.ts';
import { printable, wordIn } from '../word.ts';

/** As member/main.ts writes it. */
const told = z.object({
  kind: z.enum(['waits', 'replaced']),
  why: z.string(),
  at: z.iso.datetime(),
});

/** What keeps this site's member of etcd from starting, or did before it was replaced. Null where nothing was said. */
export async function etcdDamage(
  runtimeDir: string,
  nowMs = Date.now(),
): Promise<EtcdDamage | null> {
  const read = told.safeParse(await wordIn(join(runtimeDir, 'etcd', 'last.json')));
  if (!read.success) return null;
  const { kind, why, at } = read.data;
  return { kind, why: printable(why), agoMs: Math.max(0, nowMs - Date.parse(at)) };
}

/** The others told this site's member that they had removed it, as its guard remembers (patroni-config/etcd-guard). */
export const isGivenUp = (runtimeDir: string): Promise<boolean> =>
  access(join(runtimeDir, 'etcd', 'removed')).then(
    () => true,
    () => false,
  );
