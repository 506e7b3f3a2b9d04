import type { Scheme } from './scheme.ts';

/** Nothing is asked for, and nothing is looked at: an expired token must not be refused here. */
export const nobody: Scheme<undefined> = () => undefined;
