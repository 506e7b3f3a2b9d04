import type { Carried } from './carried.ts';
import type { Answer } from './exchange.ts';
import { saysCondition, spanOf } from './span.ts';
import type { Whole } from './wholes.ts';

/** Of all bodies together. */
const BYTES_MAX = 16 * 1024 * 1024;
/** That a shorter one is still the same costs as much to ask as to have it sent again. */
const BODY_BYTES_MIN = 8 * 1024;
/** Of a longer one few would fit, and those who ask for it look at it for longer than it is sent. */
const BODY_BYTES_MAX = 2 * 1024 * 1024;

/**
 * Bodies of answers that were passed on last and have an ETag: files and thumbnails, which all in a room ask for at once. The writer is
 * asked each time, as who asks, and says with 304 that they may have it, and that it is these bytes (RFC 9110, section 13.1.2).
 */
export class KeptBodies {
  /** By path; the one used last at the end. */
  readonly #bodies = new Map<string, Kept>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** What to send where the writer says that it is the same; to be disposed of when it is sent. */
  lend({ method, url, headers }: Pick<Carried, 'method' | 'url' | 'headers'>): Lent | undefined {
    const kept = this.#bodies.get(url);
    if (kept === undefined || method !== 'GET' || saysCondition(headers)) return undefined;
    this.#bodies.delete(url);
    this.#bodies.set(url, kept);
    return new Lent(kept);
  }

  /** Of each answer as the writer gave it. */
  note({ method, url }: Pick<Carried, 'method' | 'url'>, answer: Answer): void {
    if (method !== 'GET') return;
    if (answer.status === 404) this.#drop(url);
    const kept = saysToken(url) ? undefined : keepable(answer);
    if (kept === undefined) return;
    this.#drop(url);
    kept.whole?.hold();
    this.#bodies.set(url, kept);
    this.#bytes += weightOf(kept);
    for (const oldest of this.#bodies.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest);
    }
  }

  #drop(url: string): void {
    const kept = this.#bodies.get(url);
    if (kept === undefined) return;
    this.#bodies.delete(url);
    this.#bytes -= weightOf(kept);
    kept.whole?.letGo();
  }
}

interface Kept {
  readonly etag: string;
  readonly body: Buffer;
  /** Where it stands, unless it is small. */
  readonly whole: Whole | undefined;
}

/** A body that stays as it is until it is disposed of. */
export class Lent implements Disposable {
  readonly #kept: Kept;

  constructor(kept: Kept) {
    this.#kept = kept;
    kept.whole?.hold();
  }

  /** The same request, which now asks for these bytes only where there are others. */
  asking<R extends Pick<Carried, 'headers'>>(request: R): R {
    const { passed, host } = request.headers;
    return {
      ...request,
      headers: { host, passed: [...passed, 'if-none-match', this.#kept.etag] },
    };
  }

  /** What a client is told, who has not asked whether it is the same. */
  answer(said: Answer): Answer {
    if (said.status !== 304) return said;
    const { body } = this.#kept;
    const headers = { ...said.headers, 'content-length': String(body.length) };
    return { status: 200, headers, body, over: said.over };
  }

  [Symbol.dispose](): void {
    this.#kept.whole?.letGo();
  }
}

function keepable(answer: Answer): Kept | undefined {
  const { status, body, whole } = answer;
  if (status !== 200 || !Buffer.isBuffer(body)) return undefined;
  if (body.length < BODY_BYTES_MIN || body.length > BODY_BYTES_MAX) return undefined;
  const etag = spanOf(answer)?.etag;
  return etag === undefined ? undefined : { etag, body, whole };
}

/** Its place may be longer than it is. */
const weightOf = ({ body, whole }: Kept): number => whole?.place.length ?? body.length;

/** A token is kept nowhere but in its request. */
const saysToken = (url: string): boolean => url.includes('access_token=');
