/**
 * With which V8 every server is started: it reads them before it reads any program, so they stand in each
 * command line, and a test holds that they are these. On its own V8 takes up to 128 MiB for what is young and
 * lets the heap grow to twice what lives in it and more, and what hangs on garbage outside of the heap with it:
 * twice as much was resident. Below 160 MiB the heap grows freely, or initial syncs cost half as much again
 * (test/bench/README.md). Its dearest compiler comes behind 20,000 calls of a function and not 3,000: what one large
 * answer calls so often was a sixth of that answer's CPU to compile, and what runs all the time is soon there.
 */
export const V8_OPTIONS = [
  '--max-semi-space-size=16',
  '--heap-growing-percent=25',
  '--initial-old-space-size=160',
  '--invocation-count-for-turbofan=20000',
] as const;

/**
 * What is outside of V8's heap, held to what is in use (glibc): the threads that hash and compress share two arenas
 * rather than up to eight for each core, and what is freed at the end of one goes back to the machine.
 */
export const ALLOCATOR = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' } as const;
