import { expect, test } from 'vitest';
import { Pieces } from './pieces.ts';

const piecesOf = (chunks: readonly Buffer[]): Buffer[] => {
  const pieces = new Pieces();
  for (const chunk of chunks) pieces.add(chunk);
  return pieces.all;
};

const numbered = (length: number, from = 0) =>
  Buffer.from(Array.from({ length }, (_, at) => from + at));

test('single bytes are put together, in their order', () => {
  const bytes = numbered(300_000);
  const pieces = piecesOf(Array.from(bytes, (byte) => Buffer.of(byte)));
  expect(pieces.length).toBeLessThan(20);
  expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
});

test('long and short chunks in turn keep their order, and long ones are not copied', () => {
  const [long, other] = [numbered(5_000), numbered(4_096, 7)];
  const chunks = [numbered(3, 1), long, numbered(1, 9), numbered(2, 4), other, numbered(4_095, 3)];
  const pieces = piecesOf(chunks);
  expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true);
  expect(pieces.length).toBe(5);
  expect([pieces[1], pieces[3]]).toEqual([long, other]);
  expect(pieces[1]!.buffer).toBe(long.buffer);
});

test('what is kept does not change with what the socket is read into next', () => {
  const read = Buffer.from('one');
  const pieces = piecesOf([read]);
  read.fill(0);
  expect(pieces).toEqual([Buffer.from('one')]);
});
