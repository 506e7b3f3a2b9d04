/**
 * With which V8 every server is started: it reads them before it reads any program, so they stand in each
 * command line, and a test holds that they are these. On its own V8 takes up to 128 MiB for what is young and
 * lets the heap grow to twice what lives in it and more, and what hangs on garbage outside of the heap with it:
 * twice as much was resident. Below 160 MiB the heap grows freely, or initial syncs cost half as much again
 * (test/bench/README.md).
 */
export const V8_OPTIONS = [
  '--max-semi-space-size=16',
  '--heap-growing-percent=25',
  '--initial-old-space-size=160',
] as const;
