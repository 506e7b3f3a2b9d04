import { getHeapStatistics } from 'node:v8';

/** The rest is for what requests make and for what other features keep. */
const SHARE_OF_HEAP = 1 / 4;

/**
 * What the room engine may keep in memory: a share of V8's heap, whose limit Node takes from the
 * machine's memory or the cgroup's, whichever is less.
 */
export const roomMemoryBytes = (): number => getHeapStatistics().heap_size_limit * SHARE_OF_HEAP;
