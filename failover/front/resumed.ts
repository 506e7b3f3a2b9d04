import type { OpenAnswers, Suspendable } from './open-answers.ts';
import type { Span } from './span.ts';

/** Some of an answer's bytes, as they come from the writer. */
export interface Part {
  readonly body: { next(): Promise<IteratorResult<Buffer, undefined>>; close(): void };
  /** Gives back what it took; more than once does nothing. */
  readonly over: () => void;
}

export interface ResumedOptions {
  /** Of the whole answer. */
  readonly span: Span;
  /** Rejects where the writer has it no more, or there is none in time. */
  readonly ask: (span: Span) => Promise<Part>;
  readonly open: Pick<OpenAnswers, 'begun' | 'ended' | 'given' | 'taken'>;
}

/** What somebody who has stopped before is sent at first: they may stop again, and it would have been sent in vain. */
const STEP_BYTES_MIN = 512 * 1024;
const STEP_BYTES_MAX = 8 * 1024 * 1024;
/** Writers that died while they sent it. An answer that kills writers must not be carried round all sites. */
const BREAKS_MAX = 2;

/**
 * The body of a long answer for its client. The writer need not hold it all the time: the rest is asked for when it is
 * wanted, of the same writer or of the next one.
 */
export class Resumed implements AsyncIterableIterator<Buffer>, Suspendable {
  readonly #options: ResumedOptions;
  #part: Part | undefined;
  /** The first byte that the client has not been given. */
  #at: number;
  #stepBytes = STEP_BYTES_MIN;
  #breaks = 0;

  constructor(first: Part, options: ResumedOptions) {
    this.#options = options;
    this.#at = options.span.from;
    this.#begin(first);
  }

  /** Whoever asks has taken all that there was before. */
  async next(): Promise<IteratorResult<Buffer, undefined>> {
    const { open } = this.#options;
    open.taken(this);
    const value = await this.#piece();
    if (value === undefined) return { done: true, value };
    this.#at += value.length;
    open.given(this);
    return { done: false, value };
  }

  async return(): Promise<IteratorResult<Buffer, undefined>> {
    this.#letGo();
    return { done: true, value: undefined };
  }

  suspend(): void {
    this.#letGo();
    this.#stepBytes = STEP_BYTES_MIN;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #piece(): Promise<Buffer | undefined> {
    for (;;) {
      const part = this.#part ?? (await this.#nextPart());
      if (part === undefined) return undefined;
      try {
        const { value } = await part.body.next();
        if (value !== undefined) return value;
        this.#letGo();
      } catch (error) {
        this.#letGo();
        this.#breaks += 1;
        if (this.#breaks > BREAKS_MAX) throw error;
      }
    }
  }

  /** The longer somebody goes on, the more at a time. */
  async #nextPart(): Promise<Part | undefined> {
    const { span, ask } = this.#options;
    if (this.#at >= span.end) return undefined;
    const end = Math.min(this.#at + this.#stepBytes, span.end);
    this.#stepBytes = Math.min(2 * this.#stepBytes, STEP_BYTES_MAX);
    return this.#begin(await ask({ ...span, from: this.#at, end }));
  }

  #begin(part: Part): Part {
    this.#part = part;
    this.#options.open.begun(this);
    return part;
  }

  #letGo(): void {
    this.#options.open.ended(this);
    this.#part?.body.close();
    this.#part?.over();
    this.#part = undefined;
  }
}
