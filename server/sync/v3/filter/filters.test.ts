import { expect, test } from 'vitest';
import type { UserId } from '../../../protocol/identifiers.ts';
import { Filters } from './filters.ts';

const alice = '@alice:x' as UserId;

test('filters are remembered by their size, those used last', async () => {
  const loaded: string[] = [];
  const large = (id: string) => ({ unknown: id.repeat(400) });
  const filters = new Filters(
    async (_userId, id) => {
      loaded.push(id);
      return large(id);
    },
    { lengthMax: 1_000 },
  );
  for (const id of ['a', 'b', 'a', 'c', 'a', 'b']) await filters.of(alice, id);
  expect(loaded).toEqual(['a', 'b', 'c', 'b']);
  for (const id of ['d', 'e']) await filters.of(alice, JSON.stringify(large(id)));
  await filters.of(alice, 'b');
  expect(loaded).toEqual(['a', 'b', 'c', 'b', 'b']);
});
