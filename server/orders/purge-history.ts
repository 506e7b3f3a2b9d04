import type { Stored } from '../log/stored.ts';
import type { RoomId } from '../protocol/identifiers.ts';
import type { Rooms } from '../rooms/rooms.ts';
import { type HistoryPiece, purgePiece } from '../storage/rooms/history-pieces.ts';
import type { Work } from './long-orders.ts';
import { aMoment, ROWS_MAX } from './pieces.ts';

/** What is asked for, as it is kept. */
export type HistoryPurge = Pick<HistoryPiece, 'beforeMs' | 'before' | 'spared'>;

interface Ports {
  readonly rooms: Pick<Rooms, 'open'>;
  readonly stored: Pick<Stored, 'database' | 'log'>;
  /** Resolves when the next piece may go. */
  readonly pause?: (signal: AbortSignal) => Promise<unknown>;
}

/** In pieces, the oldest first; what is gone is gone, so a repeat goes on where it was cut. */
export const purgeHistory =
  ({ rooms, stored, pause = aMoment }: Ports): Work =>
  async ({ target, asked }, signal) => {
    const roomId = target as RoomId;
    const room = await rooms.open(roomId);
    const wish = asked as unknown as HistoryPurge;
    for (let afterMs = 0; room && !signal.aborted; ) {
      const piece = { ...wish, roomNid: room.nid, afterMs, limit: ROWS_MAX };
      const { count, lastMs } = await purgePiece(stored.database, piece);
      await forgetIn(stored, roomId);
      if (count < ROWS_MAX) break;
      afterMs = lastMs!;
      await pause(signal).catch(() => {});
    }
    return {};
  };

/** Memory shows nothing for long that the database no longer has. */
const forgetIn = ({ log }: Ports['stored'], roomId: RoomId): Promise<void> =>
  log.commit((next) => {
    const record = { kind: 'history-purged', roomId } as const;
    const records = [{ position: next(), record }];
    return { change: { rows: [], records, touches: [] }, value: undefined };
  });
