import type { ActiveUser } from '../active/active-user.ts';
import type { Told } from './occasion.ts';

/** Whoever asks for more comes back by then, and finds nothing lost. */
const TIMEOUT_MS_MAX = 120_000;

/** An answer as it was made, and whether it is worth sending before the time is over. */
export interface Built<Next extends Told> {
  readonly hasNews: boolean;
  readonly user: ActiveUser;
  /** What this client has been told once it has this answer. */
  readonly next: Next;
}

export interface Patience {
  /** False for what is due at once. */
  readonly mayWait: boolean;
  readonly timeoutMs: number;
  /** Ends when the client has gone. */
  readonly signal: AbortSignal;
}

/** Requests that wait until something happens. */
export class LongPoll {
  readonly #waits = new Set<AbortController>();
  #isClosing = false;

  /** The first answer with news, or the one that there is when the waiting ends. */
  async firstNews<Next extends Told, Answer extends Built<Next>>(
    build: (told: Next | undefined) => Promise<Answer>,
    patience: Patience,
  ): Promise<Answer> {
    const ends = this.#endOf(patience);
    try {
      let told: Next | undefined;
      for (;;) {
        let built: Answer | undefined = await build(told);
        if (built.hasNews || ends.signal.aborted) return built;
        const { user, next } = built;
        // Whoever waits lives long for the collector, and is copied: an empty answer would be a tenth of it.
        built = undefined;
        while (!ends.signal.aborted && !isNewsTo(user, next)) await user.news(ends.signal);
        told = next;
      }
    } finally {
      ends.clear();
    }
  }

  /** Those who wait get what there is, which is a valid answer without news; nobody waits any more. */
  close(): void {
    this.#isClosing = true;
    for (const wait of this.#waits) wait.abort('closing');
  }

  /** Aborted when no more waiting is due: the time is over, the client gone, or the server closing. */
  #endOf({ mayWait, timeoutMs, signal }: Patience) {
    const ends = new AbortController();
    // With a reason of its own: without one each makes an exception with a stack.
    const end = () => ends.abort('over');
    if (!mayWait || timeoutMs === 0 || this.#isClosing || signal.aborted) end();
    const timer = setTimeout(end, Math.min(timeoutMs, TIMEOUT_MS_MAX));
    this.#waits.add(ends);
    signal.addEventListener('abort', end);
    const clear = () => {
      clearTimeout(timer);
      this.#waits.delete(ends);
      signal.removeEventListener('abort', end);
    };
    return { signal: ends.signal, clear };
  }
}

const isNewsTo = (user: ActiveUser, told: Told): boolean =>
  user.hasNewsAfter(told.position, told.ephemeral ?? 0);
