import { z } from 'zod';
import { invalidParam } from '../../http/matrix-error.ts';
import { parseRoomId, parseUserId } from '../../protocol/identifiers.ts';
import type { SearchPlace } from '../../search/search.ts';
import { type GroupKey, groupKey } from './search-fields.ts';

/** Where a search goes on, in one of its groups or in all of it. */
export interface SearchToken extends SearchPlace {
  readonly group?: { readonly key: GroupKey; readonly value: string } | undefined;
}

const number = z.int().nonnegative();
const tokenSchema = z.tuple([
  number,
  number,
  z.tuple([number, z.number()]).nullable(),
  z
    .tuple([groupKey, z.string()])
    .refine(([key, value]) => (key === 'sender' ? parseUserId : parseRoomId)(value).ok)
    .nullable(),
]);

export function encodeSearchToken({ upTo, count, behind, group }: SearchToken): string {
  const token: z.output<typeof tokenSchema> = [
    ...([upTo, count] as const),
    behind ? [behind.nid, behind.rank] : null,
    group ? [group.key, group.value] : null,
  ];
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

export function decodeSearchToken(text: string): SearchToken {
  const [upTo, count, behind, group] = parsed(text);
  return {
    ...{ upTo, count },
    behind: behind ? { nid: behind[0], rank: behind[1] } : undefined,
    group: group ? { key: group[0], value: group[1] } : undefined,
  };
}

function parsed(text: string): z.output<typeof tokenSchema> {
  try {
    return tokenSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
  } catch {
    throw invalidParam('next_batch is not a token of this endpoint');
  }
}
