import { join } from 'node:path';
import { z } from 'zod';
import { printable, wordIn } from '../word.ts';

/** As promotion/check-copy.ts writes it. */
const told = z.object({ damage: z.string() });

/** What is damaged in this site's copy of the database; null where nothing is known to be. */
export async function copyDamage(runtimeDir: string): Promise<string | null> {
  const read = told.safeParse(await wordIn(join(runtimeDir, 'promotion', 'copy.json')));
  return read.success ? printable(read.data.damage) : null;
}
