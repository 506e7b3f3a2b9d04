/**
 * The bound of a test for a time that is promised (in ms, on machines with nothing else to do). All sites of a test
 * cluster, its clients and the checker share two cores, with whatever else runs there: in the same schedule the same
 * figure was seen to be three times as much beside other work. So a promise counts as broken only when it took twice
 * as long; the figure itself is printed with every run.
 */
export const promised = (ms: number): number => ms * 2;
