/**
 * With which V8 every front is started; a test holds that they stand in each command line. Its dearest compiler comes
 * behind 20,000 calls of a function and not 3,000: by default it begins a second or two after a front does, just as a
 * new site takes all clients over, and was a tenth of what these first thousands of messages cost.
 *
 * Bytes that pass lie outside of V8's heap, which by default it collects as a whole for each 7 MB of them: 89 times for 600 MB,
 * more than half of all that a file cost. Counted along with the heap they make it be collected when both have grown.
 */
export const V8_OPTIONS = [
  '--invocation-count-for-turbofan=20000',
  '--external-memory-accounted-in-global-limit',
] as const;
