import { rowsAlone } from '../log/change.ts';
import { commitRows } from '../log/commit-rows.ts';
import type { Once } from '../log/outcomes.ts';
import type { Stored } from '../log/stored.ts';
import {
  type EventReport,
  type EventReportsWish,
  eventReport,
  eventReports,
  type Report,
  reportGoneRow,
  reportRow,
} from '../storage/reports.ts';

export type { EventReport } from '../storage/reports.ts';

/** What users report lies in the table `report`, for whoever runs the server to look at. */
export class Reports {
  readonly #stored: Stored;

  constructor(stored: Stored) {
    this.#stored = stored;
  }

  async add(report: Report, once: Once): Promise<void> {
    const { log, now } = this.#stored;
    await log.commit((next) => {
      const rows = [reportRow(next(), report, now())];
      return { value: undefined, change: rowsAlone(rows, once.outcome(200, {})) };
    });
  }

  ofEvents(wish: EventReportsWish) {
    return eventReports(this.#stored.database, wish);
  }

  ofEvent(reportId: number): Promise<EventReport | undefined> {
    return eventReport(this.#stored.database, reportId);
  }

  /** Whether there was one. */
  async forget(reportId: number, once: Once): Promise<boolean> {
    if ((await this.ofEvent(reportId)) === undefined) return false;
    await commitRows(this.#stored.log, [reportGoneRow(reportId)], once.outcome(200, {}));
    return true;
  }
}
