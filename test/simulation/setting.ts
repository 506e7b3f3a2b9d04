import type { Setting } from '../../failover/core/simulation/simulate.ts';

/** Each third of all seeds as it is by default, with the third fence, with failsafe. */
export const settingOf = (seed: number): Setting => ({
  ...{ seed, thirdFence: seed % 3 === 1, failsafe: seed % 3 === 2 },
});
