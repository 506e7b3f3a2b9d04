import type { Row, Write } from '../write.ts';

/** What a scanner has said of a file. */
export interface Scanned {
  readonly scannedMs: number;
  /** Null where it has found nothing. */
  readonly found: string | null;
}

export const scannedRow = (mediaId: string, { scannedMs, found }: Scanned): Row => ({
  write: NOTE_SCAN,
  values: [mediaId, scannedMs, found],
});

/** Of another kind than that of whole rows, which must not take its place in a batch. */
const NOTE_SCAN: Write = {
  name: 'note_media_scan',
  table: 'media',
  sql: `UPDATE media SET scanned_ms = told.at_ms, scan_found = told.found
    FROM unnest($1::text[], $2::int8[], $3::text[]) AS told (id, at_ms, found) WHERE media_id = told.id`,
  types: ['text', 'int8', 'text'],
  key: ([mediaId]) => `scan of ${mediaId}`,
};
