import { getHeapStatistics } from 'node:v8';

/** The rest is for what requests make and for what other features keep. */
const SHARE_OF_HEAP = 1 / 4;
/** Of 1,000 users with 200 rooms each, 10,000 of them in use (test/bench/rooms); beyond this the coldest are read again. */
const BYTES_MAX = 80 * 1_048_576;

/**
 * What the room engine may keep in memory: a share of V8's heap, whose limit Node takes from the
 * machine's memory or the cgroup's, whichever is less.
 */
export const roomMemoryBytes = (): number =>
  Math.min(getHeapStatistics().heap_size_limit * SHARE_OF_HEAP, BYTES_MAX);

/** Rooms are the dearest to read again; the memberships of all who are active should be there. */
export const memoryShares = (bytesMax: number) => ({
  rooms: (bytesMax * 20) / 32,
  users: (bytesMax * 7) / 32,
  events: (bytesMax * 3) / 32,
  states: (bytesMax * 2) / 32,
});
