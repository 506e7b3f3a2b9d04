import { hostAndPort, type ServerName } from '../protocol/identifiers.ts';
import { hostOfServer, hostWritten } from '../protocol/server-host.ts';

/** Asked for each server with each event that it is to get: beyond so many all are looked at again. */
const KNOWN_MAX = 20_000;

/** Which servers the operator deals with: where some are named only these, and none that are denied. */
export class Admission {
  readonly #allowed: ReadonlySet<string> | undefined;
  readonly #denied: ReadonlySet<string>;
  readonly #known = new Map<ServerName, boolean>();

  constructor({ allow, deny }: { allow: readonly string[] | undefined; deny: readonly string[] }) {
    this.#allowed = allow && new Set(allow.map(asReached));
    this.#denied = new Set(deny.map(asReached));
  }

  /** Denied is a host at all its ports, however its name is written: others of its names would lead there, too. */
  admits(server: ServerName): boolean {
    const known = this.#known.get(server);
    if (known !== undefined) return known;
    const admits = this.#looked(server);
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(server, admits);
    return admits;
  }

  #looked(server: ServerName): boolean {
    const name = asReached(server);
    if (this.#denied.has(name) || this.#denied.has(hostOfServer(server))) return false;
    return this.#allowed?.has(name) !== false;
  }
}

/** One writing of all that lead to the same host and port. */
function asReached(name: string): string {
  const { host, port } = hostAndPort(name as ServerName);
  return port === undefined ? hostWritten(host) : `${hostWritten(host)}:${port}`;
}
