import { type Row, rowsAlone } from './change.ts';
import type { Log } from './log.ts';

/** Rows that need no number, that no memory holds and no client is told of. Rejects as `Log.commit`. */
export const commitRows = (log: Pick<Log, 'commit'>, rows: readonly Row[]): Promise<void> =>
  log.commit(() => ({ change: rowsAlone(rows), value: undefined }));
