import { highlighted, type TextQuery } from '../storage/search/found-events.ts';
import { searchedText } from './document-of.ts';
import type { Hit, SearchPorts } from './search.ts';
import { wordsOf, writtenWordsOf } from './words.ts';

const WORDS_MAX = 5_000;

/** The words for which these were found, as they stand in them: 'ação' for who looked for 'ACOES'. */
export async function highlightsOf(
  { database, languages }: Pick<SearchPorts, 'database' | 'languages'>,
  query: TextQuery,
  hits: readonly Hit[],
): Promise<string[]> {
  const words = new Set<string>();
  for (const { seen } of hits) {
    const text = searchedText(seen.event.type, seen.event.content)?.text;
    if (typeof text !== 'string') continue;
    for (const word of writtenWordsOf(text)) if (words.size < WORDS_MAX) words.add(word);
  }
  if (words.size === 0) return [];
  const written = [...words].map((word) => ({ written: word, folded: wordsOf(word).join(' ') }));
  return highlighted(database, languages, query, written);
}
