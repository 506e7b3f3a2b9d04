import { readFile } from 'node:fs/promises';
import { leaveWord } from '../adapters/word.ts';
import type { RefusalKind } from '../core/view.ts';

/** How a promotion went: `kind` is null where nothing speaks against it. */
export interface Word {
  readonly kind: RefusalKind | null;
  readonly why: string;
}

/**
 * For the agent of this site, which shows it in `status` (adapters/patroni/promotion-told.ts). Patroni's user writes
 * it, into a folder of its own; one word at most is there. That it cannot be written keeps nobody from being promoted.
 */
export async function tell(path: string, word: Word, now = new Date()): Promise<void> {
  const at = now.toISOString();
  const since = await sinceWhen(path, word, now);
  const why = word.why.slice(0, CHARACTERS_MAX);
  try {
    await leaveWord(path, { kind: word.kind, why, at, since }, 0o640);
  } catch (error) {
    console.error(`Farol cannot tell its agent: ${error instanceof Error ? error.message : error}`);
  }
}

/** For how long it has been told the same, each time that Patroni asked; 0 where the last word was another, or of another outage. */
export async function inARowMs(path: string, word: Word, now = new Date()): Promise<number> {
  return now.getTime() - Date.parse(await sinceWhen(path, word, now));
}

/** So that the agent reads all of it. */
const CHARACTERS_MAX = 1_000;

/** Patroni tries again every 20 s and more; what it was refused longer ago was another outage. */
const IN_A_ROW_MS = 180_000;

async function sinceWhen(path: string, { kind }: Word, now: Date): Promise<string> {
  const before = await readFile(path, 'utf8')
    .then(JSON.parse, () => null)
    .catch(() => null);
  const isSame = before?.kind === kind && now.getTime() - Date.parse(before?.at) < IN_A_ROW_MS;
  return isSame && typeof before.since === 'string' ? before.since : now.toISOString();
}
