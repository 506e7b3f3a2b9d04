import type { Changes } from '../changes.ts';
import type { Answer } from './exchange.ts';
import type { Remembered } from './remembered.ts';
import type { Target } from './way.ts';

export interface AskAheadOptions {
  readonly way: { readonly open: Target | null; readonly changes: Changes };
  /** Undefined where the writer says nothing. Must have a limit, and not reject. */
  readonly ask: (target: Target, path: string) => Promise<Answer | undefined>;
  readonly remembered: Remembered;
  readonly againMs?: { readonly answered: number; readonly silent: number };
}

/** The signing key, and the configuration, may be changed without a change of writer. */
const AGAIN_MS = { answered: 60_000, silent: 5_000 };

/**
 * Each new writer is asked for what must be known when there is none, whether anybody asks or not; soon
 * again for what it did not say, and in time before what it said is too old.
 */
export function askAhead({ way, ask, remembered, againMs = AGAIN_MS }: AskAheadOptions): void {
  let epoch: number | undefined;
  let again: NodeJS.Timeout | undefined;

  const begin = () => {
    const target = way.open;
    if (target === null || target.writer.epoch === epoch) return;
    epoch = target.writer.epoch;
    void round(epoch);
  };

  const round = async (asked: number) => {
    clearTimeout(again);
    const target = way.open;
    const isNoted = target !== null && (await askAll(target));
    if (asked !== epoch) return;
    const waitMs = isNoted ? againMs.answered : againMs.silent;
    again = setTimeout(() => void round(asked), waitMs).unref();
  };

  const askAll = async (target: Target): Promise<boolean> => {
    const noted = remembered.paths.map(async (path) => {
      const answer = await ask(target, path);
      return answer !== undefined && remembered.note('GET', path, answer);
    });
    return (await Promise.all(noted)).every(Boolean);
  };

  way.changes.on(begin);
  begin();
}
