import { wordsOf } from './words.ts';

const TERM_CHARACTERS_MAX = 1_000;

/**
 * What is looked for, as `websearch_to_tsquery` reads it: words that all must be there, "phrases", `or`,
 * and a `-` before what must not. What people join by a hyphen, a dot or nothing at all is a phrase.
 */
export function searchTerm(text: string): string {
  const parts: string[] = [];
  for (const [, not, phrase, word] of text.slice(0, TERM_CHARACTERS_MAX).matchAll(PARTS)) {
    const words = wordsOf(phrase ?? word ?? '');
    if (words.length === 0) continue;
    const isPhrase = phrase !== undefined || words.length > 1;
    parts.push(`${not}${isPhrase ? `"${words.join(' ')}"` : words[0]}`);
  }
  return parts.join(' ');
}

const PARTS = /(-?)(?:"([^"]*)"|([^\s"]+))/gu;
