import type { EventId, RoomId } from '../../protocol/identifiers.ts';
import type { Database } from '../database.ts';
import {
  roomMark,
  type SearchKey,
  senderMark,
  WINDOW_BITS,
  windowMark,
} from './search-documents.ts';
import type { SearchLanguage } from './search-languages.ts';

/** As PostgreSQL writes a `tsquery`. */
export type TextQuery = string & { readonly textQuery: unique symbol };

/** Undefined for what finds nothing: no words, words that the languages pass over, or only such as must not be there. */
export async function textQuery(
  database: Database,
  languages: readonly SearchLanguage[],
  term: string,
): Promise<TextQuery | undefined> {
  const either = languages.map((each) => `websearch_to_tsquery('${each}', $1)`).join(' || ');
  const [row] = await database.query<{ query: TextQuery; isFindable: boolean }>(
    `text_query ${languages.join(' ')}`,
    `SELECT query::text AS query, querytree(query) NOT IN ('', 'T') AS "isFindable"
     FROM (SELECT ${either} AS query) made`,
    [term],
  );
  return row?.isFindable ? row.query : undefined;
}

/** Which of these words, as they are written, a query looks for. */
export async function highlighted(
  database: Database,
  languages: readonly SearchLanguage[],
  query: TextQuery,
  words: readonly { readonly written: string; readonly folded: string }[],
): Promise<string[]> {
  const made = languages.map((each) => `to_tsvector('${each}', folded)`).join(' || ');
  const rows = await database.query<{ word: string }>(
    `highlighted ${languages.join(' ')}`,
    `SELECT written AS word FROM unnest($1::text[], $2::text[]) AS word (written, folded)
     WHERE tsvector_to_array(${made}) && $3::text[]`,
    [words.map(({ written }) => written), words.map(({ folded }) => folded), lexemesIn(query)],
  );
  return rows.map(({ word }) => word);
}

/** Words are letters and digits, so nothing in them is escaped. */
const lexemesIn = (query: TextQuery): string[] =>
  [...query.matchAll(/'([^']*)'/gu)].map(([, lexeme]) => lexeme!);

export interface FoundEvent {
  readonly nid: number;
  readonly eventId: EventId;
  readonly roomId: RoomId;
  readonly rank: number;
}

export interface FindQuery {
  readonly query: TextQuery;
  readonly roomIds: readonly RoomId[];
  /** Undefined for everybody's. */
  readonly senders: readonly string[] | undefined;
  readonly keys: readonly SearchKey[];
  /** Numbers of events, exclusive and inclusive. */
  readonly after: number;
  readonly upTo: number;
  readonly limit: number;
}

/** So many windows are looked for by their marks; older than that is found without. */
export const WINDOWS_MAX = 20;
/** Of more rooms each match is looked at: to follow the marks of all of them would be dearer. */
const ROOM_MARKS_MAX = 32;
const SENDER_MARKS_MAX = 32;

/** The newest that match, the newest first. */
export async function foundEvents(database: Database, find: FindQuery) {
  const rooms = await database.query<{ nid: number }>(
    'searched_rooms',
    'SELECT room_nid AS nid FROM room WHERE room_id = ANY ($1::text[])',
    [find.roomIds],
  );
  const roomNids = rooms.map(({ nid }) => nid);
  const { query, after, upTo, keys, limit } = find;
  const senders = isMarked(find.senders) ? null : (find.senders ?? null);
  const marks = marksOf(find, roomNids).map((each) => ` & (${each})`);
  return database.query<FoundEvent>(
    'found_events',
    // Ordered by what no index has: by that of the numbers all would be read until enough were found.
    `SELECT nid, event_id AS "eventId", room_id AS "roomId", ts_rank_cd(words, $2::tsquery) AS rank
     FROM (SELECT event_nid AS nid, words FROM search_document document
       WHERE words @@ $1::tsquery AND event_nid + 0 > $3 AND event_nid + 0 <= $4
         AND room_nid = ANY ($5::int8[]) AND key = ANY ($6::text[])
         AND ($7::text[] IS NULL OR EXISTS (SELECT 1 FROM event
           WHERE event.event_nid = document.event_nid AND sender = ANY ($7::text[])))
       ORDER BY event_nid + 0 DESC LIMIT $8) found
     CROSS JOIN LATERAL (SELECT event_id, room_nid FROM event WHERE event_nid = nid LIMIT 1) event
     CROSS JOIN LATERAL (SELECT room_id FROM room WHERE room_nid = event.room_nid LIMIT 1) room
     ORDER BY nid DESC`,
    [`(${query})${marks.join('')}`, query, after, upTo, roomNids, keys, senders, limit],
  );
}

/** By what the index narrows besides: each is one of several marks. */
function marksOf({ senders, after, upTo }: FindQuery, roomNids: readonly number[]): string[] {
  const marks: string[][] = [];
  if (roomNids.length <= ROOM_MARKS_MAX) marks.push(roomNids.map(roomMark));
  if (senders && isMarked(senders)) marks.push(senders.map(senderMark));
  const windows = windowsIn(after, upTo);
  if (windows.length <= WINDOWS_MAX) marks.push(windows.map(windowMark));
  return marks
    .filter((some) => some.length > 0)
    .map((some) => some.map((mark) => `'${mark.replaceAll(/['\\]/g, '$&$&')}'`).join(' | '));
}

const isMarked = (senders: readonly string[] | undefined): boolean =>
  senders === undefined || senders.length <= SENDER_MARKS_MAX;

function windowsIn(after: number, upTo: number): number[] {
  const [first, last] = [after + 1, upTo].map((nid) => Math.floor(nid / 2 ** WINDOW_BITS));
  const count = Math.min(last! - first! + 1, WINDOWS_MAX + 1);
  return Array.from({ length: count }, (_, index) => first! + index);
}
