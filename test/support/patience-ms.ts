/** How long a test waits for a state: many times what a busy machine needs. */
export const PATIENCE_MS = 60_000;
