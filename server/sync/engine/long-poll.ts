import type { ActiveUser, Waiter } from '../active/active-user.ts';
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

/** Requests that wait until something happens. There are many, and each is kept and copied by the collector: they are small. */
export class LongPoll {
  readonly #waits = new Set<Wait>();
  #isClosing = false;

  /** The first answer with news, or the one that there is when the waiting ends. */
  async firstNews<Next extends Told, Answer extends Built<Next>>(
    build: (told: Next | undefined) => Promise<Answer> | Answer,
    patience: Patience,
  ): Promise<Answer> {
    const wait = this.#begin(patience);
    try {
      let told: Next | undefined;
      for (;;) {
        const building = build(told);
        let built: Answer | undefined = building instanceof Promise ? await building : building;
        if (built.hasNews || wait.isOver) return built;
        const { user, next } = built;
        // An empty answer would be a tenth of what a waiting request weighs.
        built = undefined;
        while (!wait.isOver && !isNewsTo(user, next)) await wait.forNewsOf(user);
        told = next;
      }
    } finally {
      this.#waits.delete(wait);
      wait.clear();
    }
  }

  /** Those who wait get what there is, which is a valid answer without news; nobody waits any more. */
  close(): void {
    this.#isClosing = true;
    for (const wait of this.#waits) wait.end();
  }

  #begin(patience: Patience): Wait {
    const wait = new Wait(patience);
    if (this.#isClosing) wait.end();
    this.#waits.add(wait);
    return wait;
  }
}

/** Of one request: over when its time is, its client has gone, or the server closes. */
class Wait implements Waiter {
  isOver: boolean;
  readonly #gone: AbortSignal;
  readonly #timer: NodeJS.Timeout;
  readonly #end = () => this.end();
  #user: ActiveUser | undefined;
  #resume: (() => void) | undefined;

  constructor({ mayWait, timeoutMs, signal }: Patience) {
    this.isOver = !mayWait || timeoutMs === 0 || signal.aborted;
    this.#gone = signal;
    this.#timer = setTimeout(this.#end, Math.min(timeoutMs, TIMEOUT_MS_MAX));
    signal.addEventListener('abort', this.#end);
  }

  /** Resolves at the next news, or when the wait is over, whichever comes first. */
  forNewsOf(user: ActiveUser): Promise<void> {
    this.#user = user;
    user.atNews(this);
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  wake(): void {
    this.#resume?.();
  }

  end(): void {
    this.isOver = true;
    this.#user?.noLonger(this);
    this.wake();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#gone.removeEventListener('abort', this.#end);
  }
}

const isNewsTo = (user: ActiveUser, told: Told): boolean =>
  user.hasNewsAfter(told.position, told.ephemeral ?? 0);
