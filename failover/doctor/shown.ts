import { stepsShown } from '../cli/steps.ts';
import type { Diagnosis } from './diagnose.ts';

/** Last what to begin with. */
export function shown({ steps, first }: Diagnosis): string {
  const last =
    first === null
      ? 'Nothing is amiss.'
      : `Begin with ${first.step}: ${first.said}.\n${first.must}`;
  return stepsShown(
    steps.map(({ step, kind, said }) => ({ step, sign: SIGNS[kind], said })),
    last,
  );
}

const SIGNS = { well: 'well ', unknown: '  ?  ', amiss: 'AMISS' } as const;

/** How `farol doctor` ends, as `farol status` does: 3 where something is amiss while writes are acknowledged. */
export function exitCodeOf({ first, writes }: Diagnosis): number {
  if (first === null) return 0;
  return { flow: 3, unprotected: 3, wait: 4, none: 4, unknown: 5 }[writes];
}
