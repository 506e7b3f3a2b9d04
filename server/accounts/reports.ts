import { rowsAlone } from '../log/change.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import { type Report, reportRow } from '../storage/reports.ts';

/** What users report lies in the table `report`, for whoever runs the server to look at. */
export class Reports {
  readonly #stored: Pick<Stored, 'log' | 'now'>;

  constructor(stored: Pick<Stored, 'log' | 'now'>) {
    this.#stored = stored;
  }

  async add(report: Report, once: Once): Promise<void> {
    const { log, now } = this.#stored;
    await log.commit((next) => {
      const rows = [reportRow(next(), report, now())];
      return { value: undefined, change: rowsAlone(rows, once.outcome(200, {})) };
    });
  }
}
