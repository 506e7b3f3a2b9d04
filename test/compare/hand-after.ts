/** Longer than either system has been seen to take by itself; then a hand is needed. */
export const HAND_AFTER_MS = 240_000;
