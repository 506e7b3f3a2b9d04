/** Beyond it a look at each costs more than a set does. */
const FEW = 8;

/**
 * A set that is nearly always small. There is one for every room: a set of two weighs 240 bytes, the
 * list of them 80.
 */
export type FewOrMany<T> = readonly T[] | Set<T>;

export function including<T>(all: FewOrMany<T>, one: T): FewOrMany<T> {
  if (all instanceof Set) return all.add(one);
  if (all.includes(one)) return all;
  // Not [...all, one], which leaves space for many more.
  return all.length < FEW ? all.concat([one]) : new Set(all).add(one);
}

export function without<T>(all: FewOrMany<T>, one: T): FewOrMany<T> {
  if (!(all instanceof Set)) return all.filter((each) => each !== one);
  all.delete(one);
  return all;
}

export const isNobody = <T>(all: FewOrMany<T>): boolean =>
  (all instanceof Set ? all.size : all.length) === 0;
