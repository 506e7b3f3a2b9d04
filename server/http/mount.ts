import { Answer } from './answer.ts';
import type { Auth, Endpoint } from './endpoint.ts';
import { type MatrixError, unrecognized } from './matrix-error.ts';
import { type Found, RouteTable } from './routes.ts';
import { pathOf } from './run-endpoint.ts';

/** How those who ask under a prefix are answered, whatever it is that they ask for. */
export interface Rules {
  /** On every answer, refusals and that to OPTIONS included. An answer's own go before them. */
  readonly headers: Readonly<Record<string, string>>;
  /** How it is said; its status and headers are the error's. */
  readonly refusal: (error: MatrixError) => { readonly type: string; readonly body: string };
}

/** A list of endpoints, and the part of all paths that is theirs. */
export interface Mount<Ports> {
  readonly rules: Rules;
  /** Every route begins with one of them. Of several that a path begins with the longest has it. */
  readonly prefixes: readonly `/${string}`[];
  /** Who may call here at all, whatever an endpoint says. */
  readonly callers: readonly Auth[];
  readonly endpoints: readonly Endpoint<Ports>[];
}

const FROM_ANY_ORIGIN = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization',
};

/** For who looks for a server: how long they keep what they found is theirs to say. */
export const DISCOVERY: Rules = {
  headers: FROM_ANY_ORIGIN,
  refusal: ({ body }) => ({ type: 'application/json', body: JSON.stringify(body) }),
};

/**
 * For programs: errors are JSON, and those in browsers come from any origin (client-server API, web browser clients). Nothing
 * that stands between gives an old answer in the place of a new one, or one person's to another.
 */
export const API: Rules = {
  ...DISCOVERY,
  headers: { ...FROM_ANY_ORIGIN, 'cache-control': 'no-store' },
};

export function refused(error: MatrixError, { refusal }: Rules): Answer {
  const { type, body } = refusal(error);
  return new Answer(error.status, { 'content-type': type, ...error.headers }, body);
}

/** All that is served, by path. What nobody has is answered as an API answers it. */
export class Mounts<Ports> {
  readonly #mounted: readonly Mounted<Ports>[];

  constructor(mounts: readonly Mount<Ports>[]) {
    this.#mounted = mounts
      .flatMap((mount) => {
        const routes = new RouteTable(checked(mount).endpoints);
        return mount.prefixes.map((prefix) => ({ prefix, rules: mount.rules, routes }));
      })
      .sort((a, b) => b.prefix.length - a.prefix.length);
    const prefixes = this.#mounted.map(({ prefix }) => prefix);
    const twice = prefixes.find((prefix, at) => prefixes.indexOf(prefix) !== at);
    if (twice !== undefined) throw new Error(`${twice} is the prefix of two mounts`);
  }

  rulesAt(url: string): Rules {
    return this.#at(pathOf(url))?.rules ?? API;
  }

  /** Throws M_UNRECOGNIZED: 404 for an unknown path, 405 for a method that the path does not have. */
  find(method: string, url: string): Found<Ports> {
    const path = pathOf(url);
    const mounted = this.#at(path);
    if (!mounted) throw unrecognized(404, 'Unrecognized request');
    return mounted.routes.find(method, path);
  }

  #at(path: string): Mounted<Ports> | undefined {
    return this.#mounted.find(({ prefix }) => path.startsWith(prefix));
  }
}

interface Mounted<Ports> {
  readonly prefix: string;
  readonly rules: Rules;
  readonly routes: RouteTable<Ports>;
}

function checked<Ports>(mount: Mount<Ports>): Mount<Ports> {
  for (const { operation, auth, routes } of mount.endpoints) {
    if (!mount.callers.includes(auth))
      throw new Error(`${operation} is for ${auth}, who may not call under ${mount.prefixes[0]}`);
    for (const route of routes)
      if (!mount.prefixes.some((prefix) => route.split(' ')[1]!.startsWith(prefix)))
        throw new Error(`${route} is under none of the prefixes of its mount`);
  }
  return mount;
}
