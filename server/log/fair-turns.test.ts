import { expect, test } from 'vitest';
import { FairTurns } from './fair-turns.ts';

test('whoever asks for much is served in rounds with those who ask for little', async () => {
  const turns = new FairTurns({ atOnce: 1, waiting: 100, waitingOfOne: 100 });
  const served: string[] = [];
  const asked = [...'aaaabbc'].map((who) => turns.run(who, async () => void served.push(who)));
  await Promise.all(asked);
  expect(served.join('')).toBe('aabcaba');
});

test('so much is done at once as there may be, and what fails makes room', async () => {
  const turns = new FairTurns({ atOnce: 2, waiting: 100, waitingOfOne: 100 });
  let atOnce = 0;
  let most = 0;
  const work = async () => {
    atOnce += 1;
    most = Math.max(most, atOnce);
    await new Promise(setImmediate);
    atOnce -= 1;
    throw new Error('failed');
  };
  const outcomes = await Promise.allSettled([...'abcdef'].map((who) => turns.run(who, work)));
  expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
  expect(most).toBe(2);
});

test('the last places are for those who have none', async () => {
  const turns = new FairTurns({
    ...{ atOnce: 4, atOnceOfOne: 3, keptForOthers: 2 },
    ...{ waiting: 100, waitingOfOne: 100 },
  });
  const [begun, ends]: [string[], (() => void)[]] = [[], []];
  const asked = [...'aaabbc'].map((who) =>
    turns.run(who, () => {
      begun.push(who);
      return new Promise<void>((end) => ends.push(end));
    }),
  );
  expect(begun.join('')).toBe('aabc');
  for (const end of ends.splice(0)) end();
  await expect.poll(() => begun.join('')).toBe('aabcab');
  for (const end of ends) end();
  await Promise.all(asked);
});

test('beyond what may wait of one, or of all, one is told to come again', async () => {
  const turns = new FairTurns({ atOnce: 1, waiting: 3, waitingOfOne: 2 });
  const nothing = async () => {};
  const all = [...'aaaabb'].map((who) => turns.run(who, nothing).then(() => who, codeOf));
  const refused = 'M_LIMIT_EXCEEDED';
  expect(await Promise.all(all)).toEqual(['a', 'a', 'a', refused, 'b', refused]);
  expect(await turns.run('b', async () => 'served')).toBe('served');
});

test('where all places are taken the longest line gives way to who has fewer', async () => {
  const turns = new FairTurns({ atOnce: 1, waiting: 6, waitingOfOne: 4 });
  const served: string[] = [];
  const work = (who: string, n: number) => async () => void served.push(`${who}${n}`);
  const all = [...'aaaaabbccdd'].map((who, n) =>
    turns.run(who, work(who, n)).then(() => '', codeOf),
  );
  const refused = 'M_LIMIT_EXCEEDED';
  // Three of a go for two of c and one of d, and no line is left that is longer than d's would be by another.
  const told = ['', '', refused, refused, refused, '', '', '', '', '', refused];
  expect(await Promise.all(all)).toEqual(told);
  expect(served).toEqual(['a0', 'a1', 'b5', 'c7', 'd9', 'b6', 'c8']);
});

test('whoever leaves while they wait is called no more, and makes room', async () => {
  const turns = new FairTurns({ atOnce: 1, waiting: 2, waitingOfOne: 1 });
  const gate = Promise.withResolvers<void>();
  const served: string[] = [];
  const first = turns.run('a', () => gate.promise);
  const leaving = new AbortController();
  const left = turns.run('b', async () => void served.push('left'), leaving.signal);
  const others = [turns.run('c', async () => void served.push('c'))];
  leaving.abort(new Error('nobody wants it any more'));
  await expect(left).rejects.toThrow('nobody wants it any more');
  others.push(turns.run('b', async () => void served.push('b')));
  const late = turns.run('d', async () => void served.push('d'), leaving.signal);
  await expect(late).rejects.toThrow('nobody wants it any more');
  gate.resolve();
  await Promise.all([first, ...others]);
  expect(served).toEqual(['c', 'b']);
});

const codeOf = (error: { errcode: string }) => error.errcode;

test('one has no more at once than they may, and leaves the rest to others', async () => {
  const bounds = { atOnce: 3, atOnceOfOne: 2, waiting: 100, waitingOfOne: 100 };
  const turns = new FairTurns(bounds);
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const work = (who: string) =>
    turns.run(who, () => {
      begun.push(who);
      return new Promise<void>((end) => ends.push(end));
    });
  const all = [...'aaaab'].map(work);
  expect(begun.join('')).toBe('aab');
  ends[2]!();
  await all[4];
  expect(begun.join('')).toBe('aab');
  ends[0]!();
  await all[0];
  expect(begun.join('')).toBe('aaba');
  for (let at = 0; at < 5; at += 1) {
    for (const end of ends) end();
    await new Promise(setImmediate);
  }
  await Promise.all(all);
});
