import type { Carried } from './carried.ts';
import type { Answer } from './exchange.ts';
import type { Shares, Taker } from './shares.ts';
import { saysCondition, spanOf } from './span.ts';
import type { Whole } from './wholes.ts';

/** Of all bodies together, where nobody is sent one. */
const BYTES_MAX = 16 * 1024 * 1024;
/** That a shorter one is still the same costs as much to ask as to have it sent again. */
const BODY_BYTES_MIN = 8 * 1024;
/** Of a longer one few would fit, and those who ask for it look at it for longer than it is sent. */
const BODY_BYTES_MAX = 2 * 1024 * 1024;

type Asked = Pick<Carried, 'method' | 'url' | 'headers' | 'taker'>;

/**
 * Bodies of answers that were passed on last and have an ETag: files and thumbnails, which all in a room ask for at once. The writer is
 * asked each time, as who asks, and says with 304 that they may have it, and that it is these bytes (RFC 9110, section 13.1.2).
 */
export class KeptBodies {
  /** By path; the one used last at the end. */
  readonly #bodies = new Map<string, Kept>();
  readonly #bytesMax: number;
  /** That of all answers: one that is sent stays until its client has it, whatever is kept by then. */
  readonly #memory: Shares;
  /** By who brought them. */
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;

  constructor(memory: Shares, bytesMax = BYTES_MAX) {
    this.#memory = memory;
    this.#bytesMax = bytesMax;
  }

  /** The same request, which asks only for other bytes than lie here; undefined where there are none, or could not be given to who asks. */
  asking<R extends Asked>(request: R): R | undefined {
    const { method, url, headers, taker } = request;
    const kept = this.#bodies.get(url);
    if (kept === undefined || method !== 'GET' || saysCondition(headers)) return undefined;
    if (!this.#memory.hasRoom(taker, lengthOf(kept))) return undefined;
    const { passed, host } = headers;
    return { ...request, headers: { host, passed: [...passed, 'if-none-match', kept.etag] } };
  }

  /**
   * What a client is told, who has not asked whether it is the same, where the writer says that it is. It takes as much of the client's
   * memory as one that comes from there, until it is over. Undefined where there is no room for that, or others have its place by now.
   */
  lend({ url, taker }: Pick<Asked, 'url' | 'taker'>, said: Answer): Answer | undefined {
    const kept = this.#bodies.get(url);
    if (kept === undefined || kept.etag !== said.headers.etag) return undefined;
    if (!this.#memory.take(taker, lengthOf(kept))) return undefined;
    this.#bodies.delete(url);
    this.#bodies.set(url, kept);
    kept.whole?.hold();
    const { body } = kept;
    const headers = { ...said.headers, 'content-length': String(body.length) };
    const over = once(() => {
      this.#memory.give(taker, lengthOf(kept));
      kept.whole?.letGo();
      said.over();
    });
    return { status: 200, headers, body, over };
  }

  /** Of each answer as the writer gave it. */
  note({ method, url, taker }: Pick<Asked, 'method' | 'url' | 'taker'>, answer: Answer): void {
    if (method !== 'GET') return;
    if (answer.status === 404) this.#drop(url);
    const kept = saysWhichFile(url) ? keepable(answer, ownerOf(taker)) : undefined;
    // Whoever has it sent once more does not bring it: it would go with what else they bring.
    if (kept === undefined || kept.etag === this.#bodies.get(url)?.etag) return;
    this.#drop(url);
    kept.whole?.hold();
    this.#bodies.set(url, kept);
    this.#count(url, kept, 1);
    while (this.#bytes > this.#bytesMax) this.#drop(this.#first());
  }

  /** The oldest of whoever brought most: what one user asks for takes nothing from those who have less here. */
  #first(): string {
    const [owner] = [...this.#bytesOf].reduce((most, each) => (each[1] > most[1] ? each : most));
    for (const [url, kept] of this.#bodies) if (kept.owner === owner) return url;
    throw new Error('Bytes are counted of which there are none');
  }

  #drop(url: string): void {
    const kept = this.#bodies.get(url);
    if (kept === undefined) return;
    this.#bodies.delete(url);
    this.#count(url, kept, -1);
    kept.whole?.letGo();
  }

  #count(url: string, kept: Kept, sign: 1 | -1): void {
    const bytes = sign * (lengthOf(kept) + url.length);
    this.#bytes += bytes;
    const own = (this.#bytesOf.get(kept.owner) ?? 0) + bytes;
    if (own > 0) this.#bytesOf.set(kept.owner, own);
    else this.#bytesOf.delete(kept.owner);
  }
}

interface Kept {
  readonly owner: string;
  readonly etag: string;
  readonly body: Buffer;
  /** Where it stands, unless it is small. */
  readonly whole: Whole | undefined;
}

function keepable(answer: Answer, owner: string): Kept | undefined {
  const { status, body, whole } = answer;
  if (status !== 200 || !Buffer.isBuffer(body)) return undefined;
  if (body.length < BODY_BYTES_MIN || body.length > BODY_BYTES_MAX) return undefined;
  const etag = spanOf(answer)?.etag;
  return etag === undefined ? undefined : { owner, etag, body, whole };
}

/** Strangers count as one: an address is had for nothing. */
const ownerOf = ({ key, known }: Taker): string => (known ? key : 'strangers');

/** Its place may be longer than it is. */
const lengthOf = ({ body, whole }: Kept): number => whole?.place.length ?? body.length;

/**
 * Whether nothing stands in its query but what a file or a thumbnail is asked for with. A token, however it is spelled, is kept nowhere
 * but in its request.
 */
const saysWhichFile = (url: string): boolean => FILE.test(url);
const FILE =
  /^[^?]*(?:\?(?:(?:width|height|method|animated|timeout_ms|allow_redirect|allow_remote)=\w*(?:&|$))*)?$/;

function once(give: () => void): () => void {
  let isOver = false;
  return () => {
    if (!isOver) give();
    isOver = true;
  };
}
