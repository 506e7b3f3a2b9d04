import { existsSync } from 'node:fs';
import { livingLabs } from '../cluster/support/engine.ts';
import { refuse } from '../support/by-hand.ts';
import { engineAnswers } from '../support/docker-engine.ts';
import { type RecordedRuns, UnreadableResults } from '../support/recorded.ts';
import { lacksMemory } from './machine.ts';
import { WrongOptions } from './options.ts';

interface Reading<Options> {
  of(args: readonly string[]): Options;
  readonly usage: string;
  /** What the file holds to which is added what will be measured. */
  readonly runs: Pick<RecordedRuns<unknown>, 'read'>;
}

/** What was typed. Whoever named a file that cannot be added to hears of it before anything is measured. */
export function readOptions<Options extends { readonly into: string }>({
  of,
  usage,
  runs,
}: Reading<Options>): Options {
  try {
    const read = of(process.argv.slice(2));
    if (existsSync(read.into)) runs.read(read.into);
    return read;
  } catch (error) {
    if (error instanceof UnreadableResults) return refuse(error.message);
    if (error instanceof WrongOptions) return refuse(`${error.message}\n${usage}`);
    throw error;
  }
}

export async function refuseWithoutLab(withoutEngine: string): Promise<void> {
  if (!(await engineAnswers())) refuse(withoutEngine);
  const [lab] = await livingLabs();
  if (lab !== undefined)
    refuse(`Process ${lab} has a lab on this engine: two at once would measure each other.`);
}

export function refuseWithoutMemory(): void {
  if (lacksMemory()) refuse('This needs 2.5 GiB of free memory.');
}
