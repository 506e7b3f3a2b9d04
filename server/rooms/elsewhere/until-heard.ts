import type { ServerName } from '../../protocol/identifiers.ts';

/** How long after an attempt another one is made for what was heard: the longer, the more were made so in vain. */
const HEARD_MS = [1_000, 5_000, 30_000, 60_000, 300_000, 1_800_000];
/** Of a room's thousands: a pause may be an hour, and their names are as long as somebody likes. */
export const LISTENED_TO_MAX = 20;

/**
 * The pause behind an attempt that failed. It ends sooner where one of the servers is heard, which may be there again since. But whoever
 * speaks all the time, and tells nothing when it is asked, is not asked all the time.
 */
export class UntilHeard {
  /** Pauses that ended so, one after the other. */
  #ended = 0;
  #pause: Pause | undefined;
  #isDue = false;

  /** Resolves with the server that was heard, one of the first of these; with none where the pause is over, or the signal says so. */
  async sleep(ms: number, servers: readonly ServerName[], signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<ServerName | undefined>();
    const end = () => resolve(undefined);
    if (signal.aborted || this.#isDue) end();
    this.#isDue = false;
    signal.addEventListener('abort', end, { once: true });
    const pause: Pause = {
      ...{
        servers: new Set(servers.slice(0, LISTENED_TO_MAX)),
        sinceMs: performance.now(),
        ms,
        resolve,
      },
      timer: setTimeout(end, ms).unref(),
    };
    this.#pause = pause;
    const heard = await promise;
    this.#pause = undefined;
    clearTimeout(pause.timer);
    signal.removeEventListener('abort', end);
    this.#ended = heard === undefined ? 0 : this.#ended + 1;
    return heard;
  }

  /** What is paused for has become another: this pause is over, or the next one is none. */
  again(): void {
    if (this.#pause) this.#pause.resolve(undefined);
    else this.#isDue = true;
  }

  heard(server: ServerName): void {
    const pause = this.#pause;
    if (!pause?.servers.has(server)) return;
    const ms = HEARD_MS[Math.min(this.#ended, HEARD_MS.length - 1)]!;
    if (ms >= pause.ms) return;
    pause.ms = ms;
    clearTimeout(pause.timer);
    const leftMs = Math.max(0, pause.sinceMs + ms - performance.now());
    pause.timer = setTimeout(() => pause.resolve(server), leftMs).unref();
  }
}

interface Pause {
  readonly servers: ReadonlySet<ServerName>;
  readonly sinceMs: number;
  readonly resolve: (heard: ServerName | undefined) => void;
  /** From its begin to its end. */
  ms: number;
  timer: NodeJS.Timeout;
}
