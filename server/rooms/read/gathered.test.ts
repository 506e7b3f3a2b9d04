import { expect, test } from 'vitest';
import { Gathered } from './gathered.ts';

function doubling({ keysMax = 100 } = {}) {
  const asked: number[][] = [];
  const gathered = new Gathered<number, number>(
    async (keys) => {
      asked.push([...keys]);
      if (keys.includes(13)) throw new Error('unlucky');
      return keys.map((key) => key * 2);
    },
    { keysMax },
  );
  return { asked, of: (key: number) => gathered.of(key) };
}

test('what is asked in one turn, also behind a few promises, is one question', async () => {
  const { asked, of } = doubling();
  const later = async (key: number) => {
    await Promise.resolve();
    await Promise.resolve();
    return of(key);
  };
  expect(await Promise.all([of(1), later(2), of(3)])).toEqual([2, 4, 6]);
  expect(asked).toEqual([[1, 3, 2]]);
});

test('what is asked behind an answer is another question', async () => {
  const { asked, of } = doubling();
  expect(await of(await of(1))).toBe(4);
  expect(asked).toEqual([[1], [2]]);
});

test('more than are answered at once are several questions, of which one may fail alone', async () => {
  const { asked, of } = doubling({ keysMax: 2 });
  const answers = await Promise.allSettled([of(1), of(2), of(13), of(4), of(5)]);
  expect(answers.map((each) => each.status)).toEqual([
    'fulfilled',
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
  ]);
  expect(asked).toEqual([[1, 2], [13, 4], [5]]);
});
