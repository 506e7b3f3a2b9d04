/**
 * With which V8 every front is started; a test holds that they stand in each command line. Its dearest compiler comes
 * behind 20,000 calls of a function and not 3,000: by default it begins a second or two after a front does, just as a
 * new site takes all clients over, and was a tenth of what these first thousands of messages cost.
 */
export const V8_OPTIONS = ['--invocation-count-for-turbofan=20000'] as const;
