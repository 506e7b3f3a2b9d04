import { LEAVE_MAX_MS, type Millis, PROMOTING_MAX_MS } from '../../core/timings.ts';
import { leaveWord } from '../word.ts';
import { heldUntil, leaveFile, promotingFile } from './exclusion.ts';

/** Patroni's user reads it, as of the folder's group. */
const MODE = 0o644;

/** What this site's agent says to its own promotion: until when somebody else leads with its leave. */
export class LeaveNote {
  readonly #runtimeDir: string;
  readonly #now: () => Millis;
  #turn: Promise<unknown> = Promise.resolve();
  #notedUntil = Number.NEGATIVE_INFINITY;

  constructor(runtimeDir: string, now: () => Millis) {
    [this.#runtimeDir, this.#now] = [runtimeDir, now];
  }

  /** One at a time, so that no earlier one takes the place of a later. Rejects where a promotion is under way: the answer is no. */
  note(until: Millis): Promise<void> {
    const noted = this.#turn.then(() => this.#note(until));
    this.#turn = noted.catch(() => undefined);
    return noted;
  }

  /** As the process before this one left it. */
  noted(): Promise<Millis> {
    return heldUntil(leaveFile(this.#runtimeDir), this.#now(), LEAVE_MAX_MS);
  }

  async #note(until: Millis): Promise<void> {
    // Once a promotion has said so nothing more is noted, or it would wait as long as somebody asks.
    await this.#mustNotPromote();
    this.#notedUntil = Math.max(this.#notedUntil, until);
    await leaveWord(leaveFile(this.#runtimeDir), { until: this.#notedUntil }, MODE);
    await this.#mustNotPromote();
  }

  async #mustNotPromote(): Promise<void> {
    const now = this.#now();
    const until = await heldUntil(promotingFile(this.#runtimeDir), now, PROMOTING_MAX_MS);
    if (now < until) throw new Error('a promotion of its copy is under way');
  }
}
