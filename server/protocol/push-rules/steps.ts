/** What the rules of one user may cost where they are applied, so that nobody's rules hold up others. */
export interface Steps {
  left: number;
}

/** Whether there were so many left. Where there were not, nothing is spent: the next may cost less. */
export function spend(steps: Steps, count: number): boolean {
  if (count > steps.left) return false;
  steps.left -= count;
  return true;
}
