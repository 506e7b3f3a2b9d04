import type pg from 'pg';
import type { EventId, UserId } from '../../protocol/identifiers.ts';
import type { SearchLanguage } from './search-languages.ts';

export const SEARCH_KEYS = ['content.body', 'content.name', 'content.topic'] as const;
export type SearchKey = (typeof SEARCH_KEYS)[number];

export interface SearchDocument {
  readonly nid: number;
  readonly roomNid: number;
  readonly sender: UserId;
  readonly key: SearchKey;
  /** Folded words with blanks between. */
  readonly text: string;
}

/** Numbers of events by their upper bits: by these the newest are looked through first. */
export const WINDOW_BITS = 14;

/**
 * Beside its words a document has marks by which the index narrows, which no word can be: its room, its
 * sender, its window.
 */
export const roomMark = (roomNid: number): string => `#r${roomNid}`;
export const senderMark = (sender: string): string => `#s${sender}`;
export const windowMark = (window: number): string => `#w${window}`;

const MARKS = `array_to_tsvector(ARRAY['#r' || room_nid, '#s' || sender, '#w' || (event_nid >> ${WINDOW_BITS})])`;

/** Those that are there already stay as they are. */
export async function putDocuments(
  client: pg.Client,
  languages: readonly SearchLanguage[],
  documents: readonly SearchDocument[],
): Promise<void> {
  const words = languages.map((language) => `to_tsvector('${language}', text)`).join(' || ');
  await client.query({
    name: 'put_search_documents',
    text: `INSERT INTO search_document (event_nid, room_nid, key, words)
      SELECT event_nid, room_nid, key, ${words} || ${MARKS}
      FROM unnest($1::int8[], $2::int8[], $3::text[], $4::text[], $5::text[])
        AS document (event_nid, room_nid, sender, key, text)
      ON CONFLICT (event_nid) DO NOTHING`,
    values: [
      documents.map(({ nid }) => nid),
      documents.map(({ roomNid }) => roomNid),
      documents.map(({ sender }) => sender),
      documents.map(({ key }) => key),
      documents.map(({ text }) => text),
    ],
  });
}

/** Of these events those that a redaction took effect on. */
export async function removeRedacted(
  client: pg.Client,
  eventIds: readonly EventId[],
): Promise<void> {
  await client.query({
    name: 'remove_redacted_documents',
    text: `DELETE FROM search_document WHERE event_nid IN (
        SELECT event_nid FROM event WHERE event_id = ANY ($1::text[])
          AND EXISTS (SELECT 1 FROM redaction WHERE target_nid = event.event_nid))`,
    values: [eventIds],
  });
}

/** An index of other languages is made anew, from the first event on. */
export async function settleLanguages(
  client: pg.Client,
  cursor: string,
  languages: readonly SearchLanguage[],
): Promise<void> {
  const wanted = languages.join(' ');
  const { rows } = await client.query<{ languages: string }>('SELECT languages FROM search_index');
  if (rows[0]?.languages === wanted) return;
  await client.query('BEGIN');
  await client.query('TRUNCATE search_document');
  await client.query('DELETE FROM search_index');
  await client.query('INSERT INTO search_index (languages) VALUES ($1)', [wanted]);
  await client.query(
    `INSERT INTO outward_cursor (name, position) VALUES ($1, 0)
     ON CONFLICT (name) DO UPDATE SET position = 0`,
    [cursor],
  );
  await client.query('COMMIT');
}
