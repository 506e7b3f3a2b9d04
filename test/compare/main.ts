import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { brokenOff } from '../support/by-hand.ts';
import { readOptions, refuseWithoutLab, refuseWithoutMemory } from './begin.ts';
import { startFarol } from './farol.ts';
import type { FaultName } from './fault-names.ts';
import { ranBeside } from './machine.ts';
import { optionsOf, USAGE } from './options.ts';
import { play } from './play.ts';
import { RUNS, type Run, type SystemName } from './results.ts';
import { startSynapse } from './synapse/system.ts';
import type { System } from './system.ts';

// `npm run compare`: the same clients, faults and checker at Farol and at what people use instead, on the same lab.
// Each run is added to the file as soon as it is over, so that all of it can be done in pieces.

const START = { farol: startFarol, synapse: startSynapse };

const options = readOptions({ of: optionsOf, usage: USAGE, runs: RUNS });
await refuseWithoutLab(
  'This needs a Docker engine, and none answers here. `.ci/run` shows how to get one.',
);
refuseWithoutMemory();

// Whoever breaks it off waits for what is being made, and then all of it is taken down.
const left = brokenOff();

for (const name of options.systems) if (!left.aborted) await playAll(name);
// What was broken off may still wait for a lab that is gone.
process.exit(left.aborted ? 130 : 0);

async function playAll(name: SystemName): Promise<void> {
  let system: System | undefined;
  try {
    for (let count = 0; count < options.runs; count++)
      for (const fault of options.faults) {
        if (left.aborted) return;
        system ??= await started(name);
        const { hand } = await orLeft(playOnce(system, fault));
        if (hand === 'none') continue;
        // What waits for a hand is no place for the next one.
        await system[Symbol.asyncDispose]();
        system = undefined;
      }
  } catch (error) {
    if (!left.aborted) throw error;
  } finally {
    await system?.[Symbol.asyncDispose]();
  }
}

async function started(name: SystemName): Promise<System> {
  console.log(`Raising three sites of ${name} …`);
  return START[name]();
}

function orLeft<T>(work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  const broken = new Promise<never>((_, reject) => {
    left.addEventListener('abort', () => reject(new Error('broken off')), { once: true });
  });
  return Promise.race([work, broken]);
}

async function playOnce(system: System, fault: FaultName): Promise<Run> {
  const { measured, ran } = await ranBeside(async () => ({
    versions: await system.versions(),
    ...(await play(system, fault)),
  }));
  const run: Run = { system: system.name, fault, ...ran, ...measured };
  mkdirSync(dirname(options.into), { recursive: true });
  RUNS.add(options.into, [run]);
  const { acknowledgements: _, answers: __, versions: ___, ...shown } = run;
  console.log(JSON.stringify(shown));
  return run;
}
