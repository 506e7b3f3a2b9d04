import { setTimeout as sleep } from 'node:timers/promises';

/** Small transactions: each is WAL that commits have to wait behind. */
export const ROWS_MAX = 500;
const PAUSE_MS = 50;

export const aMoment = (signal: AbortSignal) => sleep(PAUSE_MS, undefined, { signal, ref: false });
