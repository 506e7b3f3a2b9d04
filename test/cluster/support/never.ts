import { expect } from 'vitest';

/** With this in its message a failure is final: the test is not tried again (vitest.config.ts). */
const NEVER = 'never once';

/** What must not happen in any run, such as an acknowledged message that is lost or doubled (I1, I2, I3). */
export function expectNever(happened: readonly string[]): void {
  expect(happened, NEVER).toEqual([]);
}
