import { connect, type Socket } from 'node:net';
import type { Account } from './client.ts';

/** How long a request of these is held: nothing is asked for again while a message is on its way. */
const HELD_MS = 30_000;

/** Told of each answer at the moment when its first bytes were there. */
export type Told = (text: string, atMs: number) => void;

/**
 * One member's /sync, again and again, on a socket with as much of HTTP/1.1 as that takes: five hundred of
 * them in one process must cost less than the server that they measure. An answer is not parsed but
 * searched.
 */
export class HeldSync {
  readonly #socket: Socket;
  readonly #head: string;
  readonly #told: Told;
  readonly #failed: (error: Error) => void;
  #pieces: Buffer[] = [];
  #missing = 0;
  #firstAtMs = 0;
  #waiting: (() => void) | undefined;
  #isEnding = false;

  constructor(
    origin: string,
    { token }: Account,
    { told, failed }: { told: Told; failed: (error: Error) => void },
  ) {
    const { hostname, port, host } = new URL(origin);
    this.#head = `\r\nhost: ${host}\r\nauthorization: Bearer ${token}\r\n\r\n`;
    this.#told = told;
    this.#failed = failed;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true })
      .on('data', (bytes) => this.#read(bytes))
      .once('error', failed)
      .once('close', () => {
        if (!this.#isEnding) failed(new Error('/sync: the connection was closed'));
      });
  }

  /** Resolves when the first request with a token is under way. */
  begin(since: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#ask(since);
    });
  }

  end(): void {
    this.#isEnding = true;
    this.#socket.destroy();
  }

  #ask(since: string): void {
    const path = `/_matrix/client/v3/sync?timeout=${HELD_MS}&since=${encodeURIComponent(since)}`;
    this.#socket.write(`GET ${path} HTTP/1.1${this.#head}`, () => {
      this.#waiting?.();
      this.#waiting = undefined;
    });
  }

  #read(bytes: Buffer): void {
    if (this.#pieces.length === 0) this.#firstAtMs = performance.now();
    this.#pieces.push(bytes);
    this.#missing =
      this.#pieces.length === 1 || this.#missing < 0
        ? this.#missingOf()
        : this.#missing - bytes.length;
    if (this.#missing !== 0) return;
    const text = Buffer.concat(this.#pieces).toString('latin1');
    this.#pieces = [];
    const next = /"next_batch":"([^"]+)"/.exec(text)?.[1];
    if (!text.startsWith('HTTP/1.1 200 ') || next === undefined)
      this.#failed(new Error(`/sync: ${text}`));
    else {
      this.#told(text, this.#firstAtMs);
      this.#ask(next);
    }
  }

  /** Bytes of the answer that are not here yet; less than none where its head is not either. */
  #missingOf(): number {
    const text = Buffer.concat(this.#pieces).toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return -1;
    const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, end + 2))?.[1];
    if (length === undefined) throw new Error(`/sync: an answer without its length: ${text}`);
    return end + 4 + Number(length) - text.length;
  }
}
