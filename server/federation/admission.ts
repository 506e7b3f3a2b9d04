import type { ServerName } from '../protocol/identifiers.ts';

/** Which servers the operator deals with: where some are named only these, and none that are denied. */
export class Admission {
  readonly #allowed: ReadonlySet<string> | undefined;
  readonly #denied: ReadonlySet<string>;

  constructor({ allow, deny }: { allow: readonly string[] | undefined; deny: readonly string[] }) {
    this.#allowed = allow && new Set(allow);
    this.#denied = new Set(deny);
  }

  admits(server: ServerName): boolean {
    return !this.#denied.has(server) && this.#allowed?.has(server) !== false;
  }
}
