import type { Database } from '../database.ts';

/** So often at most is it written of a file that somebody has asked for it: what is written may be that much too old. */
export const ACCESS_NOTED_MS = 24 * 3_600_000;

/** When files were last asked for, where that is much later than is known. Beside the log: nobody waits for it. */
export const noteAccess = (database: Database, mediaIds: readonly string[], atMs: number) =>
  database.query(
    'media_note_access',
    `INSERT INTO media_access (media_id, last_ms)
     SELECT media_id, $2 FROM media WHERE media_id = ANY ($1::text[])
     ON CONFLICT (media_id) DO UPDATE SET last_ms = excluded.last_ms
       WHERE media_access.last_ms <= excluded.last_ms - $3`,
    [mediaIds, atMs, ACCESS_NOTED_MS],
  );
