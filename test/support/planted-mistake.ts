import { expect } from 'vitest';
import { type Setting, simulate } from '../../failover/core/simulation/simulate.ts';
import type { Bugs } from '../../failover/core/simulation/world.ts';

/** It has to be found within so many seeds. */
const SEEDS_TO_NOTICE = 300;

/**
 * That the simulation notices a mistake, the first one, and finds nothing by the same seed without it: neither without any nor, where others
 * are planted because each of them would cover it, by those alone.
 */
export function mustNotice(bugs: Bugs, setting: (seed: number) => Setting): void {
  let seed = 1;
  while (seed <= SEEDS_TO_NOTICE && simulate({ ...setting(seed), bugs }).broken === null) seed++;
  expect(seed).toBeLessThanOrEqual(SEEDS_TO_NOTICE);
  expect(simulate(setting(seed)).broken, `seed ${seed} without the mistake`).toBeNull();
  const others = Object.fromEntries(Object.entries(bugs).slice(1)) as Bugs;
  if (Object.keys(others).length > 0)
    expect(
      simulate({ ...setting(seed), bugs: others }).broken,
      `by ${Object.keys(others).join()} alone`,
    ).toBeNull();
}
