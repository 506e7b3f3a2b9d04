import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { DiskReport, Report } from '../view.ts';

/** F11: nothing that is written comes to the disk. A commit waits as long, and PostgreSQL cannot even be stopped. */
export const isStalled = ({ silentMs }: DiskReport, { diskPatienceMs }: Timings): boolean =>
  silentMs !== null && silentMs >= diskPatienceMs;

/** F12: soon PostgreSQL would fall, and fall again at each start, for want of room for its log. */
export const isFull = ({ free }: DiskReport): boolean => free !== null && free < FREE_MIN;

export const hasRoom = ({ disk }: Report): boolean => disk == null || !isFull(disk);

/** Copies of one database fill alike: who is hardly better off would soon move back. */
export const hasMoreRoomThan =
  (own: DiskReport) =>
  ({ disk }: Report): boolean =>
    disk?.free != null && !isFull(disk) && disk.free >= (own.free ?? 0) + MORE;

const FREE_MIN = 0.05;
const MORE = 0.02;

/** What is known of this site's own. */
export const diskNow = ({ disk }: State, now: Millis, timings: Timings): DiskReport | null =>
  now - disk.at <= timings.freshMs ? disk.report : null;

export function isStalledHere(state: State, now: Millis, timings: Timings): boolean {
  const report = diskNow(state, now, timings);
  return report !== null && isStalled(report, timings);
}

/** Why no switchover may go to this site, as a clause; null where its disk is well, as far as is known. */
export function reasonOfDisk(state: State, now: Millis, timings: Timings): string | null {
  if (isStalledHere(state, now, timings)) return STALLED;
  if (now - state.disk.stalledAt >= timings.holdDownMs) return null;
  return 'its disk has only just begun to answer again';
}

export const STALLED = 'its disk does not answer';

export const reasonFull = ({ free, scarce }: DiskReport): string =>
  scarce === 'space'
    ? `${percent(1 - (free ?? 0))} % of its disk is used`
    : `${percent(1 - (free ?? 0))} % of the inodes of its disk are used`;

/** Never more than there is: 99.9 is not full yet. */
const percent = (part: number): number => Math.floor(100 * part);
