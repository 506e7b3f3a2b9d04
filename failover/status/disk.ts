import * as disk from '../core/health/disk.ts';
import { TIMINGS } from '../core/timings.ts';
import type { DiskReport } from '../core/view.ts';

export { isFull } from '../core/health/disk.ts';

/** As the agents count. */
export const isStalled = (report: DiskReport): boolean => disk.isStalled(report, TIMINGS);
