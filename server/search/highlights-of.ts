import type { RoomEvent } from '../rooms/room-event.ts';
import type { Database } from '../storage/database.ts';
import { highlighted, type TextQuery } from '../storage/search/found-events.ts';
import type { SearchLanguage } from '../storage/search/search-languages.ts';
import { searchedText } from './document-of.ts';
import { wordsOf, writtenWordsOf } from './words.ts';

const WORDS_MAX = 5_000;

/** The words for which these were found, as they stand in them: 'ação' for who looked for 'ACOES'. */
export async function highlightsOf(
  { database, languages }: { database: Database; languages: readonly SearchLanguage[] },
  query: TextQuery,
  events: readonly RoomEvent[],
): Promise<string[]> {
  const words = new Set<string>();
  for (const { type, content } of events) {
    const text = searchedText(type, content)?.text;
    if (typeof text !== 'string') continue;
    for (const word of writtenWordsOf(text)) if (words.size < WORDS_MAX) words.add(word);
  }
  if (words.size === 0) return [];
  const written = [...words].map((word) => ({ written: word, folded: wordsOf(word).join(' ') }));
  return highlighted(database, languages, query, written);
}
