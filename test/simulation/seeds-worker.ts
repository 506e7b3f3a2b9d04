import { parentPort } from 'node:worker_threads';
import { simulate } from '../../failover/core/simulation/simulate.ts';
import { settingOf } from './setting.ts';
import type { Ran } from './sum.ts';

// A thread of workers.ts: runs the seeds that it is told, and says what became of them.

parentPort!.on('message', ([from, end]: [number, number]) => {
  parentPort!.postMessage(run(from, end));
});

function run(from: number, end: number): Ran {
  let [simulatedMs, acknowledged] = [0, 0];
  const broken: { seed: number; what: string }[] = [];
  for (let seed = from; seed < end; seed++) {
    const outcome = simulate(settingOf(seed));
    simulatedMs += outcome.lastedMs;
    acknowledged += outcome.acknowledged;
    if (outcome.broken !== null) broken.push({ seed, what: outcome.broken });
  }
  return { next: end, simulatedMs, acknowledged, broken };
}
