import { KINDS, type Membership } from '../membership/membership.ts';

/** Beyond it a look at each costs more than a map does. */
const FEW = 8;
/** Changes that are noted at most, half of them at least. */
const NOTED_MAX = 256;

/**
 * Who is in a room and how, by the nid of the membership key: two small numbers a member. Most rooms have
 * a few, for which a map and the counts weigh four times what one list of the numbers does.
 */
export class Members {
  /** Keys and kinds in turn; unused once there are many. */
  #few: number[] = [];
  #many: Many | undefined;
  /** Has grown by one for each membership that may have become another. */
  changes = 0;
  /** Whose, from the first behind `after` on; undefined until somebody wants to know. */
  #noted: { after: number; readonly keyNids: number[] } | undefined;

  get(keyNid: number): Membership | undefined {
    const kind = this.#many ? this.#many.kinds.get(keyNid) : this.#few[this.#placeOf(keyNid) + 1];
    return kind === undefined ? undefined : KINDS[kind];
  }

  set(keyNid: number, membership: Membership | undefined): void {
    const kind = membership === undefined ? undefined : KINDS.indexOf(membership);
    this.changes += 1;
    this.#note(keyNid);
    if (this.#many === undefined) this.#setOfFew(keyNid, kind);
    else setOfMany(this.#many, keyNid, kind);
  }

  get size(): number {
    return this.#many ? this.#many.kinds.size : this.#few.length / 2;
  }

  count(membership: Membership): number {
    const wanted = KINDS.indexOf(membership);
    if (this.#many) return this.#many.counts[wanted]!;
    return this.#few.filter((kind, at) => at % 2 === 1 && kind === wanted).length;
  }

  *keys(membership: Membership): Generator<number> {
    const wanted = KINDS.indexOf(membership);
    for (const [keyNid, kind] of this.#many?.kinds ?? paired(this.#few))
      if (kind === wanted) yield keyNid;
  }

  /** From here on it is noted whose change. */
  noteChanges(): void {
    this.#noted ??= { after: this.changes, keyNids: [] };
  }

  /** Whose memberships may have become another since there were so many changes; undefined where that is not known. */
  changedSince(changes: number): readonly number[] | undefined {
    if (!this.#noted || this.#noted.after > changes) return undefined;
    return this.#noted.keyNids.slice(changes - this.#noted.after);
  }

  #note(keyNid: number): void {
    if (!this.#noted) return;
    const { keyNids } = this.#noted;
    if (keyNids.push(keyNid) > NOTED_MAX)
      this.#noted.after += keyNids.splice(0, NOTED_MAX / 2).length;
  }

  #setOfFew(keyNid: number, kind: number | undefined): void {
    const place = this.#placeOf(keyNid);
    // Not pushed, which leaves space for many more.
    if (kind === undefined)
      this.#few = this.#few.toSpliced(place, place < this.#few.length ? 2 : 0);
    else if (place < this.#few.length) this.#few[place + 1] = kind;
    else this.#few = this.#few.concat([keyNid, kind]);
    if (this.#few.length <= 2 * FEW) return;
    this.#many = { kinds: new Map(), counts: KINDS.map(() => 0) };
    for (const [each, itsKind] of paired(this.#few)) setOfMany(this.#many, each, itsKind);
    this.#few = [];
  }

  /** Behind the last, where it is not there. */
  #placeOf(keyNid: number): number {
    for (let at = 0; at < this.#few.length; at += 2) if (this.#few[at] === keyNid) return at;
    return this.#few.length;
  }
}

/** Of a server: what was found out last, that it is this one, or nobody as long as no membership becomes another. */
export interface FoundMember {
  readonly keyNid: number | undefined;
  readonly changes: number;
}

interface Many {
  readonly kinds: Map<number, number>;
  readonly counts: number[];
}

function setOfMany({ kinds, counts }: Many, keyNid: number, kind: number | undefined): void {
  const before = kinds.get(keyNid);
  if (before !== undefined) counts[before]!--;
  if (kind === undefined) {
    kinds.delete(keyNid);
    return;
  }
  kinds.set(keyNid, kind);
  counts[kind]!++;
}

function* paired(numbers: readonly number[]): Generator<[number, number]> {
  for (let at = 0; at < numbers.length; at += 2) yield [numbers[at]!, numbers[at + 1]!];
}
