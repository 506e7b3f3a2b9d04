import { hostAndPort, type ServerName } from '../protocol/identifiers.ts';

/** Which servers the operator deals with: where some are named only these, and none that are denied. */
export class Admission {
  readonly #allowed: ReadonlySet<string> | undefined;
  readonly #denied: ReadonlySet<string>;

  constructor({ allow, deny }: { allow: readonly string[] | undefined; deny: readonly string[] }) {
    this.#allowed = allow && new Set(allow.map(folded));
    this.#denied = new Set(deny.map(folded));
  }

  /** Denied is a host at all its ports, however its name is written: others of its names would lead there, too. */
  admits(server: ServerName): boolean {
    const name = folded(server);
    if (this.#denied.has(name) || this.#denied.has(folded(hostAndPort(server).host))) return false;
    return this.#allowed?.has(name) !== false;
  }
}

const folded = (name: string): string => name.toLowerCase();
