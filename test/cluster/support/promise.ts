/**
 * The bound of a test for a time that is promised (in ms, on machines with nothing else to do). All
 * sites of a test cluster, its clients and the checker share two cores, so a promise counts as broken
 * only when it is missed by half; the figure itself is printed with every run.
 */
export const promised = (ms: number): number => ms * 1.5;
