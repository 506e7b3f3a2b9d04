interface Step {
  readonly step: string;
  readonly sign: string;
  readonly said: string;
}

/** A line a step, and last what comes of them. */
export function stepsShown(steps: readonly Step[], last: string): string {
  const width = Math.max(...steps.map(({ step }) => step.length));
  const lines = steps.map(({ step, sign, said }) => `${sign}  ${step.padEnd(width)}  ${said}`);
  return [...lines, '', last].join('\n');
}
