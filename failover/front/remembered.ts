import type { Answer } from './exchange.ts';

/** The same for everybody, and asked by servers that may keep an error for an hour. */
const PATHS = [
  '/.well-known/matrix/client',
  '/.well-known/matrix/server',
  '/.well-known/matrix/support',
  '/_matrix/key/v2/server',
] as const;

const BYTES_MAX = 64 * 1024;

export type Told = Pick<Answer, 'status' | 'headers'> & { readonly body: Buffer };

/** What the writer last said about the server as such, for the time in which there is none. */
export class Remembered {
  readonly paths: readonly string[] = PATHS;
  readonly #told = new Map<string, Told>();
  readonly #wallClock: () => number;

  constructor(wallClock: () => number) {
    this.#wallClock = wallClock;
  }

  /** That there is no such thing (404) is an answer too; an error is none. Whether it was one to keep. */
  note(method: string, path: string, { status, headers, body }: Answer): boolean {
    if (method !== 'GET' || !this.paths.includes(path)) return false;
    if (status !== 200 && status !== 404) return false;
    if (!Buffer.isBuffer(body) || body.length > BYTES_MAX) return false;
    this.#told.set(path, { status, headers, body });
    return true;
  }

  answerTo(method: string | undefined, path: string): Told | undefined {
    if (method !== 'GET') return undefined;
    const told = this.#told.get(path);
    return told !== undefined && this.#isValid(path, told) ? told : undefined;
  }

  /** Signed keys say until when they may be used; after that only the writer can sign them anew. */
  #isValid(path: string, { status, body }: Told): boolean {
    if (path !== '/_matrix/key/v2/server' || status !== 200) return true;
    const { valid_until_ts: until } = JSON.parse(body.toString()) as { valid_until_ts?: number };
    return until === undefined || until > this.#wallClock();
  }
}
