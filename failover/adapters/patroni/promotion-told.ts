import { join } from 'node:path';
import { z } from 'zod';
import type { ToldOfPromotion } from '../../core/inputs.ts';
import { REFUSALS_TOLD } from '../../core/view.ts';
import { printable, wordIn } from '../word.ts';

/** As promotion/tell.ts writes it. */
const told = z.object({
  kind: z.enum(REFUSALS_TOLD).nullable(),
  why: z.string(),
  at: z.iso.datetime(),
  since: z.iso.datetime(),
});

/** What the program that Patroni asks before a promotion said last. Null where it said nothing, or nobody can read it. */
export async function promotionTold(
  runtimeDir: string,
  nowMs = Date.now(),
): Promise<ToldOfPromotion | null> {
  const read = told.safeParse(await wordIn(join(runtimeDir, 'promotion', 'last.json')));
  if (!read.success) return null;
  const { kind, why, at, since } = read.data;
  const ago = (time: string): number => Math.max(0, nowMs - Date.parse(time));
  return { kind, why: printable(why), agoMs: ago(at), sinceMs: ago(since) };
}
