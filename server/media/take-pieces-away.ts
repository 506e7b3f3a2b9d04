import type { BulkLane } from '../log/bulk.ts';
import { dropPieces } from '../storage/media/pieces.ts';

/** Where a checkpoint was since, the pages of each are in the stream whole: as much as it held. */
const PIECES_AT_ONCE = 1;
/** Where none was. The lane may take a piece for smaller than it was, and go slower: never the other way round. */
const WAL_BYTES = 8 * 1024;

/** All pieces of an upload, one at a time; throws where the signal ends it. */
export async function takePiecesAway(
  lane: BulkLane,
  { uploadNid, signal }: { uploadNid: number; signal: AbortSignal },
): Promise<void> {
  const some = { uploadNid, limit: PIECES_AT_ONCE };
  while (
    !signal.aborted &&
    (await lane.piece(WAL_BYTES, (database) => dropPieces(database, some))) === PIECES_AT_ONCE
  );
  signal.throwIfAborted();
}
