import { isObject, type JsonObject } from '../protocol/json.ts';
import type { IndexableEvent } from '../storage/search/indexable-events.ts';
import type { SearchDocument, SearchKey } from '../storage/search/search-documents.ts';
import { wordsOf } from './words.ts';

/** An event has 64 kB. Folded, and in several languages, its words must fit into a `tsvector`, which has 1 MB. */
const TEXT_CHARACTERS_MAX = 40_000;

/** What an event is found by; undefined where that is nothing. */
export function documentOf(event: IndexableEvent): SearchDocument | undefined {
  const { nid, roomNid, sender, type, pdu } = event;
  const { content } = pdu;
  const found = isObject(content) ? searchedText(type, content) : undefined;
  if (typeof found?.text !== 'string') return undefined;
  const text = wordsOf(found.text).join(' ').slice(0, TEXT_CHARACTERS_MAX);
  return text === '' ? undefined : { nid, roomNid, sender, key: found.key, text };
}

/** Of which types there is something to be found. */
export const isSearched = (type: string): boolean =>
  type === 'm.room.message' || type === 'm.room.name' || type === 'm.room.topic';

/** As the specification names them (client-server API, "Server Side Search", "Search categories"). */
export function searchedText(type: string, content: JsonObject) {
  if (type === 'm.room.name') return { key: 'content.name', text: content.name } as const;
  if (type === 'm.room.topic') return { key: 'content.topic', text: content.topic } as const;
  if (type !== 'm.room.message') return undefined;
  // An edit's own body is its new one behind a star, for clients that know of no edits.
  const edited = content['m.new_content'];
  const { body } = isObject(edited) ? edited : content;
  return { key: 'content.body' satisfies SearchKey, text: body } as const;
}
