import type { View } from '../view.ts';
import { fieldsOf } from './reading-carried.ts';

/** One that nobody can read is as none: who hears of any other answers nobody then (core/incarnations.ts). */
export function readIncarnation(
  found: { readonly key: string; readonly json: unknown } | undefined,
  unreadable: string[],
): Pick<View, 'incarnation'> {
  if (found === undefined) return {};
  const { number, id, site, without } = fieldsOf(found.json);
  const areNames = Array.isArray(without) && without.every((each) => typeof each === 'string');
  const isCounted = typeof number === 'number' && Number.isSafeInteger(number) && number > 0;
  if (isCounted && typeof id === 'string' && typeof site === 'string' && areNames)
    return { incarnation: { number, id, site, without } };
  unreadable.push(found.key);
  return {};
}
