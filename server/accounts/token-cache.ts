import type { OnDevice } from '../protocol/caller.ts';
import type { UserId } from '../protocol/identifiers.ts';

export interface KnownToken {
  readonly caller: OnDevice;
  readonly expiresMs: number | null;
}

const TOKENS_MAX = 50_000;

/**
 * Who is behind which token, so that a request costs no query. What a logout takes out of the
 * database is taken out of here in the same turn, before the logout is answered.
 */
export class TokenCache {
  /** By hash, in order of last use. */
  readonly #known = new Map<string, KnownToken>();
  readonly #hashesOf = new Map<UserId, Set<string>>();
  #forgotten = 0;

  /** Goes up with each `forget`: what was read from the database before that may be stale. */
  get generation(): number {
    return this.#forgotten;
  }

  get(hash: string): KnownToken | undefined {
    const known = this.#known.get(hash);
    if (!known) return undefined;
    this.#known.delete(hash);
    this.#known.set(hash, known);
    return known;
  }

  /** Does nothing if a token was forgotten since `generation`: this one might be it. */
  add(hash: string, token: KnownToken, generation: number) {
    if (generation !== this.#forgotten) return;
    this.#known.set(hash, token);
    const { userId } = token.caller;
    const hashes = this.#hashesOf.get(userId) ?? new Set();
    this.#hashesOf.set(userId, hashes.add(hash));
    if (this.#known.size > TOKENS_MAX) this.#drop(this.#known.keys().next().value!);
  }

  /** All of the user's: the others are read again when they are next used. */
  forget(userId: UserId) {
    this.#forgotten += 1;
    for (const hash of this.#hashesOf.get(userId) ?? []) this.#known.delete(hash);
    this.#hashesOf.delete(userId);
  }

  #drop(hash: string) {
    const userId = this.#known.get(hash)?.caller.userId;
    this.#known.delete(hash);
    if (userId === undefined) return;
    const hashes = this.#hashesOf.get(userId);
    hashes?.delete(hash);
    if (hashes?.size === 0) this.#hashesOf.delete(userId);
  }
}
