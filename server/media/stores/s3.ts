import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { type NewObject, NoSuchObject, type ObjectStore, StoreAway } from './object-store.ts';
import { type AccessKeys, NO_BODY_HASH, signed } from './signature.ts';

export interface S3Settings extends AccessKeys {
  /** Of the store, without the bucket. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Before each key. */
  readonly prefix: string;
  /** Whether the bucket stands in the path, and not before the host. */
  readonly pathStyle: boolean;
  /** PEM, instead of the system's authorities. */
  readonly ca: string | undefined;
}

const CONNECT_MS_MAX = 5_000;
const SILENCE_MS_MAX = 30_000;
const CONNECTIONS_MAX = 32;
/** Of a part that a download waits for, with all tries, and of a whole file of any size. */
const READ_MS_MAX = 30_000;
const PUT_MS_MAX = 15 * 60_000;
/** Before each further try of what may be tried at once. */
const AGAIN_MS = [100, 500];
/** Of what it says of a mistake. */
const WORDS_BYTES_MAX = 4_096;

interface Asked {
  readonly method: 'GET' | 'PUT' | 'DELETE';
  readonly key: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly object?: NewObject;
  readonly signal: AbortSignal;
}

/** Any store that speaks S3: of that these three requests, with keys that do not change. */
export class S3Store implements ObjectStore {
  readonly #settings: S3Settings;
  readonly #agent: Agent;

  constructor(settings: S3Settings) {
    this.#settings = settings;
    this.#agent = new Agent({
      ...{ connections: CONNECTIONS_MAX, pipelining: 1 },
      ...{ headersTimeout: SILENCE_MS_MAX, bodyTimeout: SILENCE_MS_MAX },
      connect: { timeout: CONNECT_MS_MAX, ...(settings.ca !== undefined && { ca: settings.ca }) },
    });
  }

  async put(key: string, { bytes, sha256, chunks }: NewObject): Promise<void> {
    const source = new Source(chunks);
    try {
      const { body } = await this.#ask({
        ...{ method: 'PUT', key, signal: AbortSignal.timeout(PUT_MS_MAX) },
        object: { bytes, sha256, chunks: source },
      });
      await body.dump();
    } catch (error) {
      throw source.mistake ?? this.#away(error);
    }
  }

  async bytes(key: string, from: number, end: number): Promise<Buffer> {
    if (end <= from) return Buffer.alloc(0);
    const headers = { range: `bytes=${from}-${end - 1}` };
    return this.#again(async (signal) => {
      const { body, headers: told } = await this.#ask({ method: 'GET', key, headers, signal });
      // One that gives the whole instead is not to fill our memory.
      if (Number(told['content-length']) === end - from)
        return Buffer.from(await body.arrayBuffer());
      leave(body);
      throw new Error(`it gives ${told['content-length']} bytes and not ${end - from}`);
    });
  }

  async remove(key: string): Promise<void> {
    const removed = this.#again(async (signal) => {
      const { body } = await this.#ask({ method: 'DELETE', key, signal });
      await body.dump();
    });
    await removed.catch((error: unknown) => {
      if (!(error instanceof NoSuchObject)) throw error;
    });
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  /** What changes nothing where it is done twice. */
  async #again<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const signal = AbortSignal.timeout(READ_MS_MAX);
    for (const pauseMs of AGAIN_MS) {
      try {
        return await ask(signal);
      } catch (error) {
        if (isFinal(error)) throw this.#away(error);
        await sleep(pauseMs);
      }
    }
    return ask(signal).catch((error: unknown) => {
      throw this.#away(error);
    });
  }

  async #ask({ method, key, headers = {}, object, signal }: Asked) {
    const url = this.#urlOf(key);
    const bodyHash = object?.sha256.toString('hex') ?? NO_BODY_HASH;
    const scope = { ...this.#settings, now: new Date() };
    const answer = await request(url, {
      ...{ method, signal, dispatcher: this.#agent },
      headers: {
        ...signed({ method, url, headers, bodyHash }, scope),
        ...(object && { 'content-length': String(object.bytes) }),
      },
      ...(object && { body: Readable.from(object.chunks, { objectMode: false }) }),
    });
    if (answer.statusCode < 300) return answer;
    throw await refusalOf(answer, key);
  }

  #urlOf(key: string): URL {
    const { endpoint, bucket, prefix, pathStyle } = this.#settings;
    const url = new URL(endpoint);
    if (!pathStyle) url.host = `${bucket}.${url.host}`;
    const folder = url.pathname.replace(/\/+$/, '') + (pathStyle ? `/${bucket}` : '');
    url.pathname = `${folder}/${prefix}${key}`;
    return url;
  }

  #away(error: unknown): Error {
    if (error instanceof NoSuchObject) return error;
    const { message, code } = error as NodeJS.ErrnoException;
    const why = message || code;
    return new StoreAway(
      `The bucket ${this.#settings.bucket} of files cannot be used (${why}): look at the store, and at the keys "s3"`,
      { cause: error },
    );
  }
}

/** It has understood us, and says no. */
class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: number;

  constructor(status: number, code: string) {
    super(`it answers ${status}${code && ` ${code}`}`);
    this.status = status;
  }
}

const isFinal = (error: unknown): boolean =>
  error instanceof NoSuchObject ||
  (error instanceof Refused && error.status < 500 && error.status !== 429);

async function refusalOf(
  { statusCode, body }: Dispatcher.ResponseData,
  key: string,
): Promise<Error> {
  const code = /<Code>(\w{1,100})<\/Code>/.exec(await beginningOf(body))?.[1] ?? '';
  if (statusCode !== 404 || code === 'NoSuchBucket') return new Refused(statusCode, code);
  return new NoSuchObject(`There is no object ${key}`);
}

async function beginningOf(body: Readable): Promise<string> {
  body.on('error', () => {});
  let text = '';
  for await (const chunk of body) {
    text += chunk.toString('latin1');
    if (text.length >= WORDS_BYTES_MAX) break;
  }
  return text.slice(0, WORDS_BYTES_MAX);
}

/** Its end by us is told as an error, which without a listener would be the program's. */
const leave = (body: Readable): unknown => body.on('error', () => {}).destroy();

/** What is put, and the mistake by which it ended: that is none of the store's. */
class Source implements AsyncIterable<Buffer> {
  readonly #chunks: AsyncIterable<Buffer>;
  mistake: unknown;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks;
  }

  async *[Symbol.asyncIterator]() {
    try {
      yield* this.#chunks;
    } catch (error) {
      this.mistake = error;
      throw error;
    }
  }
}
