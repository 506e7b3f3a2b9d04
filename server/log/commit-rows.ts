import { type Row, rowsAlone } from './change.ts';
import type { Log } from './log.ts';
import type { OutcomeRow } from './outcomes.ts';

/** Rows that need no number, that no memory holds and no client is told of. Rejects as `Log.commit`. */
export const commitRows = (
  log: Pick<Log, 'commit'>,
  rows: readonly Row[],
  outcome?: OutcomeRow,
): Promise<void> => log.commit(() => ({ change: rowsAlone(rows, outcome), value: undefined }));
