import { z } from 'zod';
import type { Block } from '../../core/view.ts';
import { textOf } from '../word.ts';

/**
 * What a site turns away, on its disk (docs/third-fence.md). The file is what `nft` loads before Patroni starts, whether an agent or a release is there
 * or not, and its first line says for whom: the note and the rules are never apart. Root writes it (failover/block), everybody may read it.
 */
export const NOTE = '/var/lib/farol-block/block.nft';

const AS_COMMENT = '# ';

export const block: z.ZodType<Block> = z.strictObject({
  holder: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  key: z.int().min(1),
  lease: z.string().regex(/^-?\d{1,20}$/),
});

/** Null where nothing is noted; rejects where nobody can read what is. */
export async function notedAt(path: string): Promise<Block | null> {
  const text = await whatIsNotedAt(path);
  if (text === null) return null;
  const [first = ''] = text.split('\n', 1);
  try {
    return block.parse(JSON.parse(first.slice(AS_COMMENT.length)));
  } catch (cause) {
    throw new Error(`${path} does not say what is turned away`, { cause });
  }
}

export async function whatIsNotedAt(path: string): Promise<string | null> {
  return textOf(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

export const noteOf = (noted: Block, rules: string): string =>
  `${AS_COMMENT}${JSON.stringify(noted)}\n${rules}`;
