import { expect, test } from 'vitest';
import { Ahead } from './ahead.ts';
import { Streamed } from './streamed.ts';

const KIB = 1024;

test('a stream reads some pieces ahead of its client, and goes on when they are taken', async () => {
  const { body, counts } = stream();
  for (let n = 0; n < 3; n += 1) body.push(Buffer.alloc(16 * KIB));
  expect(counts).toEqual({ pauses: 0, resumes: 0, aborts: 0 });
  body.push(Buffer.alloc(16 * KIB));
  expect(counts.pauses).toBe(1);
  for (let n = 0; n < 4; n += 1) expect((await body.next()).value).toHaveLength(16 * KIB);
  expect(counts.resumes, 'nothing more is wanted yet').toBe(0);
  const next = body.next();
  expect(counts.resumes).toBe(1);
  body.push(Buffer.from('more'));
  expect((await next).value).toEqual(Buffer.from('more'));
});

test('a thousand whose clients take nothing hold 16 MiB and a piece each', () => {
  const ahead = new Ahead();
  const held = Array.from({ length: 1_000 }, () => {
    const { body, counts } = stream(ahead);
    let bytes = 0;
    for (; counts.pauses === 0; bytes += 16 * KIB) body.push(Buffer.alloc(16 * KIB));
    return bytes;
  });
  const all = held.reduce((sum, bytes) => sum + bytes);
  expect(all).toBeLessThanOrEqual((16 * KIB + 1_000 * 16) * KIB);
  expect(held[0]).toBe(64 * KIB);
  expect(ahead.bytes).toBe(all);
});

test('what is taken, dropped or lost counts no more', async () => {
  const ahead = new Ahead();
  const [taken, left, lost] = [stream(ahead).body, stream(ahead).body, stream(ahead).body];
  for (const each of [taken, left, lost]) each.push(Buffer.from('abc'));
  await taken.next();
  expect(ahead.bytes).toBe(6);
  await left.return();
  await left.return();
  expect(ahead.bytes).toBe(3);
  lost.fail(new Error('other side closed'));
  await expect(lost.next()).rejects.toThrow('other side closed');
  expect(ahead.bytes).toBe(0);
});

test('whoever leaves before the end ends the exchange, and nobody else does', async () => {
  const [whole, left] = [stream(), stream()];
  whole.body.push(Buffer.from('abc'));
  whole.body.end();
  const pieces: string[] = [];
  for await (const piece of whole.body) pieces.push(piece.toString());
  expect(pieces).toEqual(['abc']);
  expect(whole.counts.aborts).toBe(0);
  left.body.push(Buffer.from('abc'));
  for await (const _ of left.body) break;
  expect(left.counts.aborts).toBe(1);
});

test('who waits hears of the end, and of what broke it off', async () => {
  const [ending, failing] = [stream().body, stream().body];
  const waits = [ending.next(), failing.next()];
  ending.end();
  failing.fail(new Error('reset'));
  expect(await waits[0]).toEqual({ done: true, value: undefined });
  await expect(waits[1]).rejects.toThrow('reset');
});

test('what was given out stays as it is until the next piece is asked for, and its room is used again', async () => {
  const ahead = new Ahead();
  const { body } = stream(ahead);
  const place = Buffer.alloc(16 * KIB);
  const says = (letter: string) => body.push(place.fill(letter));
  says('a');
  const first = (await body.next()).value!;
  says('b');
  says('c');
  expect(first.equals(Buffer.alloc(16 * KIB, 'a'))).toBe(true);
  const second = (await body.next()).value!;
  says('d');
  expect(second.equals(Buffer.alloc(16 * KIB, 'b'))).toBe(true);
  expect(first.equals(Buffer.alloc(16 * KIB, 'd')), 'where the first one lay').toBe(true);
  await body.return();
  const { body: next } = stream(ahead);
  next.push(place.fill('e'));
  expect(second.toString()).toMatch(/^b+$/);
});

test('where there are many, the smaller rooms that they then have are used again, too', async () => {
  const ahead = new Ahead();
  const bodies = Array.from({ length: 40 }, () => stream(ahead).body);
  const body = bodies[0]!;
  body.push(Buffer.alloc(8 * KIB, 'a'));
  const first = (await body.next()).value!;
  body.push(Buffer.alloc(8 * KIB, 'b'));
  await body.next();
  body.push(Buffer.alloc(8 * KIB, 'c'));
  expect(first.equals(Buffer.alloc(8 * KIB, 'c')), 'where the first one lay').toBe(true);
});

test('what comes in small pieces lies in no more room than it needs', async () => {
  const { body } = stream();
  for (const each of ['ab', 'cd', 'ef']) body.push(Buffer.from(each));
  expect((await body.next()).value).toEqual(Buffer.from('abcdef'));
});

test('where there are many streams each piece is half as large; those that end count no more, however they do', async () => {
  const ahead = new Ahead();
  const many = Array.from({ length: 33 }, () => stream(ahead).body);
  const largest = async () => {
    const { body } = stream(ahead);
    body.push(Buffer.alloc(16 * KIB));
    const { value } = await body.next();
    await body.return();
    return value!.length;
  };
  expect(await largest()).toBe(8 * KIB);
  const [left, failed, ended] = many as [Streamed, Streamed, Streamed];
  left.close();
  failed.fail(new Error('reset'));
  ended.end();
  await ended.next();
  expect(ahead.streams).toBe(30);
  expect(await largest()).toBe(16 * KIB);
});

function stream(ahead = new Ahead()) {
  const counts = { pauses: 0, resumes: 0, aborts: 0 };
  const control = {
    pause: () => void counts.pauses++,
    resume: () => void counts.resumes++,
    abort: () => void counts.aborts++,
  };
  return { body: new Streamed(control, ahead), counts };
}
