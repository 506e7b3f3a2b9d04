import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';
import { PATIENCE_MS } from './test/support/patience-ms.ts';

/**
 * Six projects. `unit` is everything that stands beside its subject, on a real PostgreSQL where it
 * needs one, side by side in any order. `first-minute` needs a Docker engine, measures nothing and mostly
 * waits for npm and its network: it runs beside `unit`, and begins first. `cluster` needs a Docker engine and
 * the machine to itself: it measures time, so it runs after the others and one file at a time. `faults` is like
 * it, and too long for every `npm test`: `npm run test:faults`. So is `ansible`, which provisions whole hosts:
 * `npm run test:ansible`. `clients` needs the programs that `npm run test:clients` installs, and partly a Docker engine.
 */
export default defineConfig({
  test: {
    // A test waits a third of its time (for commits, timers, programs that start): one more than there are cores.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{server,failover,ansible,test}/**/*.test.ts'],
          exclude: [
            ...['test/cluster/**', 'test/first-minute/**', 'ansible/lab/**'],
            'test/clients/programs/**',
          ],
          globalSetup: ['test/support/postgres-setup.ts', 'test/spec/compiled-answers.ts'],
          setupFiles: ['test/support/patience.ts'],
          expect: { poll: { timeout: PATIENCE_MS } },
          // Only what hangs is ended by these: on a busy machine all takes many times as long.
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'first-minute',
          include: ['test/first-minute/**/*.test.ts'],
          testTimeout: 900_000,
          hookTimeout: 600_000,
          // Of one group those of the first name by the alphabet begin, so it is not the last to end.
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/*.test.ts'],
          // Only what hangs is ended by these; each wait of a test has its own limit.
          testTimeout: 900_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/cluster/faults/*.test.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'ansible',
          include: ['ansible/lab/*.test.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 900_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'clients',
          include: ['test/clients/programs/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
