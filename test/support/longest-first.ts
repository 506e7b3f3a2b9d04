import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The longest of `unit`, a minute and more on two cores. A run that knows of none before it begins files by their size, and these
 * are short: two would begin among the last, and end minutes behind everything else.
 */
export const LONGEST = [
  'failover/core/simulation/faults.test.ts',
  'test/fuzz/fuzz.test.ts',
  'failover/core/simulation/simulation.test.ts',
  'ansible/test/inventory.test.ts',
  'failover/core/simulation/alone.test.ts',
  'ansible/test/rendered.test.ts',
  'ansible/release/build.test.ts',
  'failover/core/simulation/power-traces.test.ts',
  'test/differential/members-with-synapse.test.ts',
  'failover/core/simulation/fence.test.ts',
  'test/differential/synapse.test.ts',
  'failover/core/simulation/link-faults.test.ts',
  'server/federation-api/rooms/shared-rooms.test.ts',
  'ansible/test/playbooks.test.ts',
  'test/fuzz/planted.test.ts',
] as const;

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return longestFirst(await super.sort(files));
  }
}

/** In their project, which stays where it is among the others. */
export function longestFirst<Spec extends { readonly moduleId: string }>(
  sorted: readonly Spec[],
): Spec[] {
  const long = LONGEST.flatMap(
    (name) => sorted.find(({ moduleId }) => moduleId.endsWith(`/${name}`)) ?? [],
  );
  const first = sorted.findIndex(({ moduleId }) => isUnit(moduleId));
  if (first < 0) return [...sorted];
  const others = sorted.slice(first).filter((spec) => !long.includes(spec));
  return [...sorted.slice(0, first), ...long, ...others];
}

const isUnit = (moduleId: string): boolean =>
  !/\/(?:test\/(?:cluster|first-minute|clients\/programs)|ansible\/lab)\//.test(moduleId);
