import { parseArgs } from 'node:util';
import { FAULT_NAMES, type FaultName } from './fault-names.ts';
import { SYSTEMS, type SystemName } from './results.ts';

export interface Options {
  readonly systems: readonly SystemName[];
  readonly faults: readonly FaultName[];
  readonly runs: number;
  readonly into: string;
}

export const RESULTS_FILE = 'docs/measured/compare.json';

export const USAGE = `npm run compare [-- OPTIONS]
  --system ${SYSTEMS.join('|')}   one of them alone
  --faults LIST            of ${FAULT_NAMES.join(',')}
  --runs N                 of each fault at each system: 1
  --into FILE              to which the runs are added: ${RESULTS_FILE}`;

/** A sentence for who typed it. */
export class WrongOptions extends Error {}

export function optionsOf(args: readonly string[]): Options {
  const { system, faults, runs, into } = understood(() =>
    parseArgs({
      args: [...args],
      options: {
        system: { type: 'string' },
        faults: { type: 'string' },
        runs: { type: 'string', default: '1' },
        into: { type: 'string', default: RESULTS_FILE },
      },
    }),
  );
  return {
    runs: numberOf('--runs', runs),
    systems: system === undefined ? SYSTEMS : [oneOf(SYSTEMS, system)],
    faults:
      faults === undefined
        ? FAULT_NAMES
        : faults.split(',').map((each) => oneOf(FAULT_NAMES, each)),
    into,
  };
}

/** @throws WrongOptions */
export function understood<Values>(parse: () => { readonly values: Values }): Values {
  try {
    return parse().values;
  } catch (error) {
    throw new WrongOptions((error as Error).message);
  }
}

/** @throws WrongOptions */
export function numberOf(option: string, said: string): number {
  if (!/^[1-9]\d{0,2}$/.test(said))
    throw new WrongOptions(`${option} takes a number from 1 to 999.`);
  return Number(said);
}

/** @throws WrongOptions */
export function oneOf<const Name extends string>(names: readonly Name[], said: string): Name {
  const found = names.find((name) => name === said);
  if (found === undefined) throw new WrongOptions(`"${said}" is none of ${names.join(', ')}.`);
  return found;
}
