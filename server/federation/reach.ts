import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector, Pool } from 'undici';
import { type AddressGuard, AddressRefused } from '../outward/address-guard.ts';
import type { Target, Way } from './discovery/find-server.ts';
import type { LargeAnswer } from './large-answer.ts';
import { trustWith } from './trust.ts';

export interface Asked {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
  readonly bytesMax: number;
  readonly large?: LargeAnswer | undefined;
}

export interface Told {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** So many connections to one server at once; the others wait. */
const CONNECTIONS_MAX = 4;
const POOLS_MAX = 500;
const CONNECTS_WITHIN_MS = 8_000;
const IDLE_MS = 60_000;

/** Connections to other servers, by TLS alone, kept for a while. */
export class Reach {
  readonly #guard: AddressGuard;
  readonly #ca: string | undefined;
  #trust: SecureContext | undefined;
  /** By where they lead and whose certificate is asked for, in order of last use. */
  readonly #pools = new Map<string, Pool>();

  /** `ca`: a PEM file with authorities beside those that everybody trusts. */
  constructor(guard: AddressGuard, ca: string | undefined) {
    this.#guard = guard;
    this.#ca = ca;
  }

  /** Tries one target after the other, as long as none was reached. */
  async ask(way: Way, asked: Asked): Promise<Told> {
    let failure: unknown;
    for (const target of way.targets) {
      try {
        return await this.#askAt(target, way, asked);
      } catch (error) {
        failure = error;
        if (asked.signal.aborted || !isUnreached(error)) break;
      }
    }
    throw failure;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#pools.clear();
  }

  async #askAt(target: Target, way: Way, asked: Asked) {
    const { method, path, headers, body, signal } = asked;
    const answer = await this.#poolTo(target, way).request({
      ...{ method, path, signal, body: body ?? null },
      headers: { ...headers, host: way.hostHeader },
    });
    const { statusCode: status, headers: said } = answer;
    if (Number(said['content-length'] ?? 0) > asked.bytesMax) {
      // Of what is too long nothing is read.
      answer.body.on('error', () => {}).destroy();
      throw tooLong(asked.bytesMax);
    }
    return { status, headers: said, body: await whole(answer.body, asked) };
  }

  /** One for all connections. */
  get #trusted(): SecureContext {
    this.#trust ??= trustWith(this.#ca);
    return this.#trust;
  }

  #poolTo(target: Target, way: Way): Pool {
    const key = `${way.certifiedName} ${target.host} ${target.port} ${way.isByTable ?? false}`;
    const pool = this.#pools.get(key) ?? this.#makePool(target, way);
    this.#pools.delete(key);
    this.#pools.set(key, pool);
    if (this.#pools.size > POOLS_MAX) {
      const [oldest, unused] = this.#pools.entries().next().value!;
      this.#pools.delete(oldest);
      void unused.close().catch(() => {});
    }
    return pool;
  }

  #makePool(target: Target, way: Way): Pool {
    const { certifiedName } = way;
    const host = isIP(certifiedName) === 6 ? `[${certifiedName}]` : certifiedName;
    return new Pool(`https://${host}:${target.port}`, {
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: this.#connectorTo(target, way),
    });
  }

  #connectorTo(target: Target, { certifiedName, isByTable }: Way): buildConnector.connector {
    const connect = buildConnector({
      secureContext: this.#trusted,
      timeout: CONNECTS_WITHIN_MS,
      allowH2: false,
      ...(!isByTable && { lookup: this.#guard.lookup }),
    } as buildConnector.BuildOptions);
    const servername = isIP(certifiedName) === 0 ? certifiedName : '';
    return (options, callback) => {
      // No name is looked up where there is an address: the guard is asked here.
      if (!isByTable && isIP(target.host) !== 0 && this.#guard.refuses(target.host))
        return callback(this.#guard.refusal(target.host), null);
      const to = { hostname: target.host, host: target.host, port: String(target.port) };
      connect({ ...options, ...to, servername }, callback);
    };
  }
}

const UNREACHED =
  /^(?:E(?:CONNREFUSED|HOSTUNREACH|NETUNREACH|TIMEDOUT|NOTFOUND|AI_AGAIN)|UND_ERR_CONNECT_TIMEOUT)$/;

/** Nothing of the request has left: another target may be asked. */
const isUnreached = (error: unknown): boolean =>
  error instanceof AddressRefused || UNREACHED.test((error as NodeJS.ErrnoException).code ?? '');

/** An answer came, or began to come, and is none that could be used: whoever sent it is there. */
export class Unusable extends Error {
  override readonly name: string = 'Unusable';
}

export class TooLong extends Unusable {
  override readonly name = 'TooLong';
}

const tooLong = (bytesMax: number) => new TooLong(`The answer has more than ${bytesMax} bytes`);

async function whole(body: AsyncIterable<Buffer>, asked: Asked): Promise<Buffer> {
  try {
    return await bounded(body, asked);
  } catch (cause) {
    if (cause instanceof TooLong) throw cause;
    throw new Unusable(`The answer broke off: ${(cause as Error).message}`, { cause });
  }
}

/** What others say may be without end. */
async function bounded(
  body: AsyncIterable<Buffer>,
  { bytesMax, large }: Pick<Asked, 'bytesMax' | 'large'>,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let isLarge = false;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLong(bytesMax);
    if (large === undefined || isLarge || bytes <= large.fromBytes) continue;
    isLarge = true;
    await large.enter();
  }
  return Buffer.concat(chunks);
}
