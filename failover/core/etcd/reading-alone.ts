import type { View } from '../view.ts';
import { fieldsOf } from './reading-carried.ts';

/** Nobody goes on alone upon what nobody can read. */
export function readAlone(
  found: { readonly key: string; readonly json: unknown; readonly revision: number } | undefined,
  unreadable: string[],
): Pick<View, 'alone'> {
  if (found === undefined) return {};
  const { site, leaver, members } = fieldsOf(found.json);
  const areNames = Array.isArray(members) && members.every((each) => typeof each === 'string');
  if (typeof site === 'string' && typeof leaver === 'string' && areNames)
    return { alone: { site, leaver, members, revision: found.revision } };
  unreadable.push(found.key);
  return {};
}
