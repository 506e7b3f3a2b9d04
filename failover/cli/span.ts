/** How long something lasts: in seconds below two minutes, else in minutes. */
export const span = (ms: number): string =>
  ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
