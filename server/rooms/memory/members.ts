import { KINDS, type Membership } from '../membership/membership.ts';

/** Who is in a room and how, by the nid of the membership key: two small numbers a member. */
export class Members {
  readonly #kinds = new Map<number, number>();
  readonly #counts = [0, 0, 0, 0, 0];

  get(keyNid: number): Membership | undefined {
    const kind = this.#kinds.get(keyNid);
    return kind === undefined ? undefined : KINDS[kind];
  }

  set(keyNid: number, membership: Membership | undefined): void {
    const before = this.#kinds.get(keyNid);
    if (before !== undefined) this.#counts[before]!--;
    if (membership === undefined) {
      this.#kinds.delete(keyNid);
      return;
    }
    const kind = KINDS.indexOf(membership);
    this.#kinds.set(keyNid, kind);
    this.#counts[kind]!++;
  }

  get size(): number {
    return this.#kinds.size;
  }

  count(membership: Membership): number {
    return this.#counts[KINDS.indexOf(membership)]!;
  }

  *keys(membership: Membership): Generator<number> {
    const wanted = KINDS.indexOf(membership);
    for (const [keyNid, kind] of this.#kinds) if (kind === wanted) yield keyNid;
  }
}
