/**
 * Glob-style matching of the appendices: `*` is zero or more characters, `?` exactly one.
 *
 * Patterns come from users and from other servers, so they are not turned into a RegExp, whose time
 * can be made exponential. A `Glob` reads each character of the text once and keeps, as one bit each,
 * all places of the pattern where it may stand: `cost` says in advance how many steps that takes.
 */
export class Glob {
  /** Where nothing is special, the pattern itself. */
  readonly #literal: string | undefined;
  /** Characters of the pattern, its stars aside: a place i lies before the i-th of them. */
  readonly #length: number;
  /** By character code, the places that it leads on from; of all others, those of a `?`. */
  readonly #leading = new Map<number, Int32Array>();
  readonly #leadingAlways: Int32Array;
  /** The places behind a star, where any character leads back to the same place. */
  readonly #staying: Int32Array;

  /** `special`: which of the two are; without either it is plain text. */
  constructor(pattern: string, special: '*?' | '*' | '' = '*?') {
    const { characters, stars } = parted(pattern, special);
    const words = (characters.length >> 5) + 1;
    this.#length = characters.length;
    this.#leadingAlways = new Int32Array(words);
    this.#staying = new Int32Array(words);
    const any = special === '*?' ? QUESTION_MARK : undefined;
    for (const at of stars) set(this.#staying, at);
    characters.forEach((code, at) => {
      if (code === any) set(this.#leadingAlways, at);
    });
    characters.forEach((code, at) => {
      if (code !== any) set(this.#leadingOn(code), at);
    });
    const isPlain = stars.length === 0 && !characters.some((code) => code === any);
    this.#literal = isPlain ? pattern : undefined;
  }

  /** Of finding it at word boundaries; the whole text is compared in as many steps at most. */
  cost(text: string): number {
    return text.length * this.#staying.length;
  }

  matches(text: string): boolean {
    if (this.#literal !== undefined) return this.#literal === text;
    if (this.#length > text.length) return false;
    const live = new Int32Array(this.#staying.length);
    live[0] = 1;
    for (let at = 0; at < text.length; at++)
      if (!this.#step(live, text.charCodeAt(at))) return false;
    return this.#isThrough(live);
  }

  /** Whether it matches any substring that starts and ends at a word boundary. */
  matchesWords(text: string): boolean {
    const live = new Int32Array(this.#staying.length);
    let isBehindWord = false;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      const isInWord = isWordCharacter(code);
      if (!(isBehindWord && isInWord)) {
        live[0]! |= 1;
        if (this.#isThrough(live)) return true;
      }
      isBehindWord = isInWord;
      this.#step(live, code);
    }
    live[0]! |= 1;
    return this.#isThrough(live);
  }

  /** Whether any place is left. */
  #step(live: Int32Array, code: number): boolean {
    const leading = this.#leading.get(code) ?? this.#leadingAlways;
    let [carry, left] = [0, 0];
    for (let word = 0; word < live.length; word++) {
      const here = live[word]!;
      const led = here & leading[word]!;
      const next = (led << 1) | carry | (here & this.#staying[word]!);
      carry = led >>> 31;
      live[word] = next;
      left |= next;
    }
    return left !== 0;
  }

  #isThrough(live: Int32Array): boolean {
    return ((live[this.#length >> 5]! >>> (this.#length & 31)) & 1) === 1;
  }

  #leadingOn(code: number): Int32Array {
    const known = this.#leading.get(code);
    if (known !== undefined) return known;
    const places = this.#leadingAlways.slice();
    this.#leading.set(code, places);
    return places;
  }
}

/** Once; who asks again keeps the `Glob`. */
export function globMatches(pattern: string, text: string): boolean {
  const { characters } = parted(pattern, '*?');
  return characters.length <= text.length && new Glob(pattern).matches(text);
}

const [STAR, QUESTION_MARK] = [0x2a, 0x3f];

function parted(pattern: string, special: string): { characters: number[]; stars: number[] } {
  const [characters, stars]: [number[], number[]] = [[], []];
  for (let at = 0; at < pattern.length; at++) {
    const code = pattern.charCodeAt(at);
    if (code === STAR && special !== '') stars.push(characters.length);
    else characters.push(code);
  }
  return { characters, stars };
}

const set = (places: Int32Array, at: number): void => {
  places[at >> 5]! |= 1 << (at & 31);
};

/** A-Z, a-z, 0-9 and _: a boundary is the start, the end, or next to any other character. */
const isWordCharacter = (code: number): boolean =>
  (code >= 0x61 && code <= 0x7a) ||
  (code >= 0x41 && code <= 0x5a) ||
  (code >= 0x30 && code <= 0x39) ||
  code === 0x5f;
