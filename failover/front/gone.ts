import type { ServerResponse } from 'node:http';

/** Whether the client has gone before its answer. A signal is made only for who asks for one: most do not. */
export class Gone {
  readonly #response: ServerResponse;
  #control: AbortController | undefined;
  #listener: (() => void) | undefined;
  #is = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.once('close', () => this.#close());
  }

  get is(): boolean {
    return this.#is;
  }

  get signal(): AbortSignal {
    this.#control ??= new AbortController();
    if (this.#is) this.#control.abort('the client has gone');
    return this.#control.signal;
  }

  /** One at a time: a request has one attempt under way. */
  set onGone(listener: (() => void) | undefined) {
    this.#listener = listener;
  }

  #close(): void {
    if (this.#response.writableFinished) return;
    this.#is = true;
    this.#control?.abort('the client has gone');
    this.#listener?.();
  }
}
