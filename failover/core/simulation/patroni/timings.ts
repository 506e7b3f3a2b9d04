/** Patroni at its shortest timings: ttl 20, loop_wait 1, retry_timeout 3. */
export const LOOP_MS = 1_000;
export const RETRY_MS = 3_000;
export const REST_MS = 2_000;
/** Between PostgreSQL's end in order and the key's. */
export const RELEASE_AFTER_MS = 1_000;
/** Who waits for a disk looks again. */
export const DISK_AGAIN_MS = 100;
