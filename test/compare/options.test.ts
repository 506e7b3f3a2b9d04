import { expect, test } from 'vitest';
import { FAULT_NAMES } from './fault-names.ts';
import { optionsOf, RESULTS_FILE, WrongOptions } from './options.ts';

test('unless told otherwise both systems have every fault once', () => {
  expect(optionsOf([])).toEqual({
    ...{ systems: ['farol', 'synapse'], faults: FAULT_NAMES },
    ...{ runs: 1, into: RESULTS_FILE },
  });
});

test('it can be run in pieces', () => {
  const typed = '--system synapse --faults power-loss,switchover --runs 5 --into other.json';
  expect(optionsOf(typed.split(' '))).toEqual({
    ...{ systems: ['synapse'], faults: ['power-loss', 'switchover'] },
    ...{ runs: 5, into: 'other.json' },
  });
});

test.each([
  '--system dendrite',
  '--faults power-loss,flood',
  '--faults ',
  '--runs 0',
  '--runs 1000',
  '--runs 1.5',
  '--runs many',
  '--run 5',
  'power-loss',
])('"%s" is refused', (typed) => {
  expect(() => optionsOf(typed.split(' '))).toThrow(WrongOptions);
});
