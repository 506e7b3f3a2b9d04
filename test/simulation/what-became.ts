import { simulate } from '../../failover/core/simulation/simulate.ts';
import { settingOf } from './setting.ts';
import type { Ran } from './sum.ts';

/** Of the seeds from `from` on, before `end`. One that throws is broken like any other, and the next are run all the same. */
export function whatBecame(from: number, end: number, run = simulate): Ran {
  let [simulatedMs, acknowledged] = [0, 0];
  const broken: { seed: number; what: string }[] = [];
  for (let seed = from; seed < end; seed++) {
    try {
      const outcome = run(settingOf(seed));
      simulatedMs += outcome.lastedMs;
      acknowledged += outcome.acknowledged;
      if (outcome.broken !== null) broken.push({ seed, what: outcome.broken });
    } catch (error) {
      broken.push({ seed, what: `throws: ${error}` });
    }
  }
  return { next: end, simulatedMs, acknowledged, broken };
}
