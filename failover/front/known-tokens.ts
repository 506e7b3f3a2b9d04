import { hash } from 'node:crypto';
import { networkOf } from '../networks.ts';
import type { Answer } from './exchange.ts';
import type { Taker } from './shares.ts';

/** A token takes 300 bytes here; whoever is forgotten counts as a stranger until the next answer. */
const KNOWN_MAX = 100_000;

/** The writer says with this whose token it was. */
const USER = 'x-farol-user';

/**
 * The tokens of which the writer said lately whose they are: strangers who make up tokens have no part
 * in what is kept for its users, and a user with many devices is one client. Only their hashes: a token
 * is a secret.
 */
export class KnownTokens {
  readonly #users = new Map<string, string>();
  readonly #max: number;

  constructor(max = KNOWN_MAX) {
    this.#max = max;
  }

  taker(token: string | undefined, address: string): Taker {
    const user = token === undefined ? undefined : this.#users.get(hashOf(token));
    if (user !== undefined) return { key: user, known: true };
    return { key: networkOf(address), known: false };
  }

  /** An answer that says no user may be one for which the writer looked at no token: it proves nothing. */
  answered(token: string, { status, headers }: Pick<Answer, 'status' | 'headers'>): void {
    const user = headers[USER];
    if (status === 401) this.#users.delete(hashOf(token));
    else if (typeof user === 'string') this.#add(hashOf(token), user);
  }

  #add(key: string, user: string): void {
    if (this.#users.has(key)) return;
    const oldest = this.#users.size >= this.#max ? this.#users.keys().next() : undefined;
    if (oldest && !oldest.done) this.#users.delete(oldest.value);
    this.#users.set(key, user);
  }
}

const hashOf = (token: string): string => hash('sha256', token, 'base64');
