import { expect, test } from 'vitest';
import type { EventText } from '../../read/stored-event.ts';
import { namesInPieces, textsInPieces } from './messages.ts';

test('a long list of names comes in pieces of a thousand', () => {
  const pieces = [...namesInPieces(Array.from({ length: 2_001 }, (_, index) => index))];
  expect(pieces.map(({ some }) => some.length)).toEqual([1_000, 1_000, 1]);
  expect(pieces.map(({ isLast }) => isLast)).toEqual([false, false, true]);
  expect(pieces.flatMap(({ some }) => some)).toEqual(Array.from({ length: 2_001 }, (_, i) => i));
});

test('an empty list, and one that just fills a piece, come in one', () => {
  expect([...namesInPieces([])]).toEqual([{ some: [], isLast: true }]);
  expect([...namesInPieces(Array(1_000).fill(''))].map(({ isLast }) => isLast)).toEqual([true]);
});

test('of texts there is so much in a piece, by their lengths', () => {
  const text = (length: number) => ({ json: 'x'.repeat(length) }) as EventText;
  const pieces = textsInPieces([text(200_000), text(65_536), text(1), text(300_000), text(1)]);
  expect([...pieces].map(({ some }) => some.map(({ json }) => json.length))).toEqual([
    [200_000, 65_536],
    [1, 300_000],
    [1],
  ]);
});
