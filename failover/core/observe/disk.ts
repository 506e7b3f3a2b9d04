import { isFull, isStalled } from '../health/disk.ts';
import type { DiskSeen } from '../state/seen.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { DiskReport } from '../view.ts';

export function seeDisk(
  { disk }: State,
  report: DiskReport,
  now: Millis,
  timings: Timings,
): Partial<DiskSeen> {
  const stalledAt = isStalled(report, timings) ? now : disk.stalledAt;
  const fullSince = isFull(report) ? (disk.fullSince ?? now) : null;
  return { disk: { report, at: now, stalledAt, fullSince } };
}
