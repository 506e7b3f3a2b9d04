import { getHeapStatistics } from 'node:v8';

/** The rest is for what requests make and for what other features keep. */
const SHARE_OF_HEAP = 1 / 4;
/** A room in use weighs 25 kB (test/bench/rooms); beyond this the coldest are read again instead. */
const BYTES_MAX = 200 * 1_048_576;

/**
 * What the room engine may keep in memory: a share of V8's heap, whose limit Node takes from the
 * machine's memory or the cgroup's, whichever is less.
 */
export const roomMemoryBytes = (): number =>
  Math.min(getHeapStatistics().heap_size_limit * SHARE_OF_HEAP, BYTES_MAX);
