import type { Status } from '../status/status.ts';

/** How `farol status` ends, for scripts: 1 is left to a command that failed. */
export function exitCodeOf({ writes }: Status): number {
  if (writes.withoutEtcd) return ONE_LOSS_STOPS_WRITES;
  return { flow: 0, unprotected: 3, wait: 4, none: 4, unknown: 5 }[writes.kind];
}

/** They flow, but as with `unprotected` somebody must do something before the next fault. */
const ONE_LOSS_STOPS_WRITES = 3;
