import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ToldOfPromotion } from '../../core/inputs.ts';

/** As promotion/tell.ts writes it. */
const told = z.object({
  kind: z
    .enum(['left-behind', 'timelines', 'etcd', 'postgres', 'votes', 'key', 'certificate', 'disk'])
    .nullable(),
  why: z.string(),
  at: z.iso.datetime(),
  since: z.iso.datetime(),
});

/** The folder is that of PostgreSQL's user, who could put anything there; what is read is shown to people. */
const OPEN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const BYTES_MAX = 4_096;
const CHARACTERS_MAX = 300;

/** What the program that Patroni asks before a promotion said last. Null where it said nothing, or nobody can read it. */
export async function promotionTold(
  runtimeDir: string,
  nowMs = Date.now(),
): Promise<ToldOfPromotion | null> {
  const text = await textOf(join(runtimeDir, 'promotion', 'last.json'));
  const read = told.safeParse(text === null ? null : parsed(text));
  if (!read.success) return null;
  const { kind, why, at, since } = read.data;
  const ago = (time: string): number => Math.max(0, nowMs - Date.parse(time));
  return { kind, why: printable(why), agoMs: ago(at), sinceMs: ago(since) };
}

async function textOf(path: string): Promise<string | null> {
  const file = await open(path, OPEN).catch(() => null);
  if (file === null) return null;
  try {
    if (!(await file.stat()).isFile()) return null;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BYTES_MAX), 0, BYTES_MAX, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** No colours, bells or lines of their own on an operator's terminal. */
const printable = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, CHARACTERS_MAX);
