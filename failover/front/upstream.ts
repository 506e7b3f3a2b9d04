import { readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { Pool } from 'undici';
import type { Body } from './body.ts';
import type { FrontConfig } from './config.ts';
import type { Headers } from './headers.ts';
import type { Writer } from './routing.ts';
import type { Attempt } from './verdict.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer | Readable;
}

export type Tried = { attempt: Attempt; answer?: Answer };

export interface Outgoing {
  method: string;
  url: string;
  headers: Headers;
  body: Body;
}

/** Kept whole before a byte of it goes to the client, so that a writer's death midway is no error. */
const ANSWER_WHOLE_BYTES_MAX = 4 * 1024 * 1024;
const CONNECT_WITHIN_MS = 2_000;

/** These say that no connection came about: the writer has not seen the request. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Connections to the writers of this cluster, one pool each; a long poll takes one of its own. */
export class Upstreams {
  readonly #pools = new Map<string, Pool>();
  readonly #tls: { ca: Buffer; cert: Buffer; key: Buffer };

  constructor(files: FrontConfig['writer']) {
    this.#tls = {
      ca: readFileSync(files.ca),
      cert: readFileSync(files.certificate),
      key: readFileSync(files.key),
    };
  }

  async try(writer: Writer, request: Outgoing, cut: AbortSignal): Promise<Tried> {
    try {
      const answer = await this.#pool(writer.url).request({
        method: request.method as 'GET',
        path: request.url,
        headers: request.headers,
        body: bodyOf(request),
        signal: cut,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      if (answer.statusCode === 503 && answer.headers['x-farol-not-writer'] !== undefined) {
        await answer.body.dump();
        return { attempt: { kind: 'not-executed', why: 'it is not the writer' } };
      }
      const { statusCode: status, headers } = answer;
      const whole = Number(headers['content-length'] ?? Infinity) <= ANSWER_WHOLE_BYTES_MAX;
      const body = whole ? Buffer.from(await answer.body.bytes()) : answer.body;
      return { attempt: { kind: 'answered' }, answer: { status, headers, body } };
    } catch (error) {
      return { attempt: failure(error, writer, cut) };
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
  }

  #pool(url: string): Pool {
    const known = this.#pools.get(url);
    if (known !== undefined) return known;
    const pool = new Pool(url, {
      connections: null,
      pipelining: 1,
      allowH2: false,
      // A site that lost power and is back resets what it does not know, if only it is asked.
      connect: { ...this.#tls, timeout: CONNECT_WITHIN_MS, keepAliveInitialDelay: 1_000 },
    });
    this.#pools.set(url, pool);
    return pool;
  }
}

function bodyOf({ body, method }: Outgoing): Buffer | Readable | null {
  if (body.kind === 'stream') return body.stream;
  return body.bytes.length === 0 && (method === 'GET' || method === 'HEAD') ? null : body.bytes;
}

function failure(error: unknown, writer: Writer, cut: AbortSignal): Attempt {
  const code = (error as { code?: string }).code ?? '';
  const why = cut.aborted ? String(cut.reason) : `${code} ${(error as Error).message}`;
  if (NOT_CONNECTED.has(code) || brokeWhileConnecting(error)) return { kind: 'not-executed', why };
  return { kind: 'unknown', why, epoch: writer.epoch };
}

/** Node gives resets while connecting, and during the handshake, no code of their own. */
function brokeWhileConnecting(error: unknown): boolean {
  const { syscall, message } = error as NodeJS.ErrnoException;
  return syscall === 'connect' || /before secure TLS connection was established/.test(message);
}
