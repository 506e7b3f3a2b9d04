import type { BulkLane } from '../log/bulk.ts';
import { dropPieces } from '../storage/media/pieces.ts';

const PIECES_AT_ONCE = 4;
/** What is taken away of a piece of 256 KiB is some 10 kB in the stream. */
const WAL_BYTES = 32 * 1024;

/** All pieces of an upload, some at a time; throws where the signal ends it. */
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
