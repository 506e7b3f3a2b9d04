import { hostAndPort, type ServerName } from '../protocol/identifiers.ts';

/** Which servers the operator deals with: where some are named only these, and none that are denied. */
export class Admission {
  readonly #allowed: ReadonlySet<string> | undefined;
  readonly #denied: ReadonlySet<string>;

  constructor({ allow, deny }: { allow: readonly string[] | undefined; deny: readonly string[] }) {
    this.#allowed = allow && new Set(allow.map(asReached));
    this.#denied = new Set(deny.map(asReached));
  }

  /** Denied is a host at all its ports, however its name is written: others of its names would lead there, too. */
  admits(server: ServerName): boolean {
    const name = asReached(server);
    if (this.#denied.has(name) || this.#denied.has(hostOf(hostAndPort(server).host))) return false;
    return this.#allowed?.has(name) !== false;
  }
}

/** One writing of all that lead to the same host and port. */
function asReached(name: string): string {
  const { host, port } = hostAndPort(name as ServerName);
  return port === undefined ? hostOf(host) : `${hostOf(host)}:${port}`;
}

/** In lower case, addresses in their short form (also of IPv4 within IPv6, or as one number), and without a final dot. */
function hostOf(host: string): string {
  const written = URL.parse(`http://${host}`)?.hostname ?? host.toLowerCase();
  const mapped = MAPPED_IPV4.exec(written);
  return mapped ? quadOf(mapped.slice(1)) : written.replace(/\.+$/, '');
}

const MAPPED_IPV4 = /^\[::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/;

const quadOf = (words: readonly string[]): string =>
  words
    .map((word) => Number.parseInt(word, 16))
    .flatMap((word) => [word >> 8, word & 255])
    .join('.');
