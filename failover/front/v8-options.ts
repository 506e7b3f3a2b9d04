/**
 * With which V8 every front is started; a test holds that they stand in each command line. Its dearest compiler comes
 * behind 20,000 calls of a function and not 3,000: by default it begins a second or two after a front does, just as a
 * new site takes all clients over, and was a tenth of what these first thousands of messages cost.
 *
 * Bytes that pass lie outside of V8's heap, which by default it collects as a whole for each 7 MB of them: 89 times for 600 MB,
 * more than half of all that a file cost. Counted along with the heap they make it be collected when both have grown: freely up
 * to 64 MiB, since by a quarter from the first on cost files twice the CPU, and by a quarter beyond (test/bench/README.md).
 */
export const V8_OPTIONS = [
  '--max-semi-space-size=8',
  '--heap-growing-percent=25',
  '--initial-old-space-size=64',
  '--invocation-count-for-turbofan=20000',
  '--external-memory-accounted-in-global-limit',
] as const;

/**
 * What is outside of V8's heap, held to what is in use (glibc). Each TLS connection has 64 KiB for what comes in, of which a client that
 * only reads uses the first few: mapped by themselves the rest takes no memory.
 */
export const ALLOCATOR = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_TRIM_THRESHOLD_: '131072',
  MALLOC_MMAP_THRESHOLD_: '65536',
} as const;
