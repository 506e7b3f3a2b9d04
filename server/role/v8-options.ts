/**
 * With which V8 every server is started: it reads them before it reads any program, so they stand in each
 * command line, and a test holds that they are these. On its own V8 takes up to 128 MiB for what is young,
 * and messages and initial syncs cost as much CPU with a quarter of that (test/bench/README.md).
 */
export const V8_OPTIONS = ['--max-semi-space-size=16'] as const;
