import { expect, onTestFinished, test } from 'vitest';
import { OpenAnswers } from './open-answers.ts';
import { type Part, Resumed } from './resumed.ts';
import type { Span } from './span.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const SPAN = { from: 100, end: 100 + 40 * MIB, etag: '"x"' };

test('who stops asks for the rest when the client goes on, a little at first and then more', async () => {
  const { body, asked, closed, open } = begun();
  expect(await taken(body, 3)).toBe(3 * 64 * KIB);
  body.suspend();
  expect([closed(), open.count]).toEqual([1, 0]);
  expect(asked, 'nothing before somebody wants it').toEqual([]);
  expect(await taken(body)).toBe(40 * MIB - 3 * 64 * KIB);
  expect(asked.slice(0, 5).map(({ from, end }) => end - from)).toEqual(
    [512, 1_024, 2_048, 4_096, 8_192].map((kib) => kib * KIB),
  );
  expect(asked[0]!.from).toBe(SPAN.from + 3 * 64 * KIB);
  for (const [at, part] of asked.entries()) expect(part.end).toBe(asked[at + 1]?.from ?? SPAN.end);
  expect(open.count).toBe(0);
});

test('who stops again is asked little for again', async () => {
  const { body, asked } = begun();
  for (let stop = 0; stop < 3; stop += 1) {
    await taken(body, 20);
    body.suspend();
  }
  await taken(body, 1);
  expect(asked.map(({ from, end }) => (end - from) / KIB)).toEqual([512, 1_024, 512, 1_024, 512]);
});

test('a writer that dies in the middle is made up for by the next, twice and no more', async () => {
  const { body, asked } = begun({ breakAfter: 1 });
  await expect(taken(body)).rejects.toThrow('other side closed');
  expect(asked).toHaveLength(2);
  expect(asked.map(({ from }) => from)).toEqual([64, 128].map((kib) => SPAN.from + kib * KIB));
});

test('what nobody has any more breaks the answer off', async () => {
  const { body, open } = begun({ isGone: true });
  await taken(body, 1);
  body.suspend();
  await expect(taken(body)).rejects.toThrow('404');
  expect(open.count).toBe(0);
});

test('whoever leaves gives back what was taken for it, once', async () => {
  const { body, closed, overs, open } = begun();
  for await (const _ of body) break;
  body.suspend();
  expect([closed(), overs(), open.count]).toEqual([1, 1, 0]);
});

/** How many bytes came, in so many pieces or in all. */
async function taken(body: Resumed, pieces = Number.POSITIVE_INFINITY): Promise<number> {
  let bytes = 0;
  for (let piece = 0; piece < pieces; piece += 1) {
    const { value } = await body.next();
    if (value === undefined) break;
    bytes += value.length;
  }
  return bytes;
}

function begun({ breakAfter = Number.POSITIVE_INFINITY, isGone = false } = {}) {
  const asked: Span[] = [];
  const open = new OpenAnswers(() => 0);
  onTestFinished(() => open.close());
  let [closed, overs] = [0, 0];
  const partOf = ({ from, end }: Span): Part => {
    let [at, pieces] = [from, 0];
    return {
      body: {
        async next() {
          if (pieces++ === breakAfter) throw new Error('other side closed');
          const value = Buffer.alloc(Math.min(64 * KIB, end - at));
          at += value.length;
          return value.length === 0 ? { done: true, value: undefined } : { done: false, value };
        },
        close: () => void closed++,
      },
      over: () => void overs++,
    };
  };
  const ask = async (span: Span) => {
    if (isGone) throw new Error('404');
    asked.push(span);
    return partOf(span);
  };
  const body = new Resumed(partOf(SPAN), { span: SPAN, ask, open });
  return { body, asked, open, closed: () => closed, overs: () => overs };
}
