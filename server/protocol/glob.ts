/**
 * Glob-style matching of the appendices: `*` is zero or more characters, `?` exactly one.
 *
 * Patterns come from users and from other servers, so they are not turned into a RegExp, whose time
 * can be made exponential: both functions take at most (pattern length × text length) steps.
 */
export const globMatches = (pattern: string, text: string): boolean => matches(pattern, text, '?');

/** Where only `*` is special, as in the types of a filter. */
export const wildcardMatches = (pattern: string, text: string): boolean =>
  matches(pattern, text, undefined);

function matches(pattern: string, text: string, anyOne: string | undefined): boolean {
  let [p, t] = [0, 0];
  let [star, resume] = [-1, 0];
  while (t < text.length) {
    if (pattern[p] === '*') {
      [star, resume] = [p, t];
      p++;
    } else if (p < pattern.length && (pattern[p] === anyOne || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star !== -1) {
      // Let the last star take one character more, and try again behind it.
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

/** Whether the pattern matches any substring that starts and ends at a word boundary. */
export function globMatchesWords(pattern: string, text: string): boolean {
  let live: Uint8Array = new Uint8Array(pattern.length + 1);
  for (let t = 0; t <= text.length; t++) {
    const boundary = isWordBoundary(text, t);
    if (boundary) live[0] = 1;
    skipStars(pattern, live);
    if (boundary && live[pattern.length] === 1) return true;
    if (t < text.length) live = advance(pattern, live, text[t]!);
  }
  return false;
}

/** `live[i]` is 1 where the first i characters of the pattern have matched so far. */
function skipStars(pattern: string, live: Uint8Array): void {
  for (let p = 0; p < pattern.length; p++) {
    if (live[p] === 1 && pattern[p] === '*') live[p + 1] = 1;
  }
}

function advance(pattern: string, live: Uint8Array, character: string): Uint8Array {
  const next = new Uint8Array(live.length);
  for (let p = 0; p < pattern.length; p++) {
    if (live[p] !== 1) continue;
    if (pattern[p] === '*') next[p] = 1;
    else if (pattern[p] === '?' || pattern[p] === character) next[p + 1] = 1;
  }
  return next;
}

/** The start, the end, or next to a character outside of A-Z, a-z, 0-9 and _. */
function isWordBoundary(text: string, at: number): boolean {
  return !(isWordCharacter(text, at - 1) && isWordCharacter(text, at));
}

function isWordCharacter(text: string, at: number): boolean {
  return at >= 0 && at < text.length && /\w/.test(text[at]!);
}
