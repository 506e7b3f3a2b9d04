import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { livingLabs } from '../cluster/support/engine.ts';
import { engineAnswers } from '../support/docker-engine.ts';
import { UnreadableResults } from '../support/recorded.ts';
import { startFarol } from './farol.ts';
import type { FaultName } from './fault-names.ts';
import { commit, lacksMemory, loadNow, machine } from './machine.ts';
import { type Options, optionsOf, USAGE, WrongOptions } from './options.ts';
import { play } from './play.ts';
import { RUNS, type Run, type SystemName } from './results.ts';
import { startSynapse } from './synapse/system.ts';
import type { System } from './system.ts';

// `npm run compare`: the same clients, faults and checker at Farol and at what people use instead, on the same lab.
// Each run is added to the file as soon as it is over, so that all of it can be done in pieces.

const START = { farol: startFarol, synapse: startSynapse };

const options = readOptions();
if (!(await engineAnswers()))
  refuse('This needs a Docker engine, and none answers here. `.ci/run` shows how to get one.');
const [lab] = await livingLabs();
if (lab !== undefined)
  refuse(`Process ${lab} has a lab on this engine: two at once would measure each other.`);
if (lacksMemory()) refuse('This needs 2.5 GiB of free memory.');

// Whoever breaks it off waits for what is being made, and then all of it is taken down.
const left = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => left.abort());

for (const name of options.systems) if (!left.signal.aborted) await playAll(name);
// What was broken off may still wait for a lab that is gone.
process.exit(left.signal.aborted ? 130 : 0);

function readOptions(): Options {
  try {
    const read = optionsOf(process.argv.slice(2));
    if (existsSync(read.into)) RUNS.read(read.into);
    return read;
  } catch (error) {
    if (error instanceof UnreadableResults) return refuse(error.message);
    if (error instanceof WrongOptions) return refuse(`${error.message}\n${USAGE}`);
    throw error;
  }
}

function refuse(why: string): never {
  console.error(why);
  process.exit(1);
}

async function playAll(name: SystemName): Promise<void> {
  let system: System | undefined;
  try {
    for (let count = 0; count < options.runs; count++)
      for (const fault of options.faults) {
        if (left.signal.aborted) return;
        system ??= await started(name);
        const { hand } = await orLeft(playOnce(system, fault));
        if (hand === 'none') continue;
        // What waits for a hand is no place for the next one.
        await system[Symbol.asyncDispose]();
        system = undefined;
      }
  } catch (error) {
    if (!left.signal.aborted) throw error;
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
    left.signal.addEventListener('abort', () => reject(new Error('broken off')), { once: true });
  });
  return Promise.race([work, broken]);
}

async function playOnce(system: System, fault: FaultName): Promise<Run> {
  const before = loadNow();
  const at = new Date().toISOString();
  const versions = await system.versions();
  const played = await play(system, fault);
  const run: Run = {
    ...{ system: system.name, fault, at, commit: commit(), machine: machine() },
    ...{ load: [before, loadNow()] as [number, number], versions, ...played },
  };
  mkdirSync(dirname(options.into), { recursive: true });
  RUNS.add(options.into, [run]);
  const { acknowledgements: _, answers: __, versions: ___, ...shown } = run;
  console.log(JSON.stringify(shown));
  return run;
}
