import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import fc from '../../test/support/fast-check.ts';
import { inPieces } from './pieces.ts';

test('however bytes come, pieces are of the size that is wanted, and all together the same bytes', async () => {
  const lengths = fc.array(fc.nat(50), { maxLength: 20 });
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(lengths, sizes, async (chunkLengths, wanted) => {
      const chunks = chunkLengths.map((length) => randomBytes(length));
      const pieces: Buffer[] = [];
      const asked: number[] = [];
      const pieceBytes = () => {
        asked.push(wanted[asked.length % wanted.length]!);
        return asked.at(-1)!;
      };
      for await (const piece of inPieces(Readable.from(chunks), pieceBytes))
        pieces.push(Buffer.from(piece));
      expect(Buffer.concat(pieces)).toEqual(Buffer.concat(chunks));
      const full = pieces.slice(0, -1).map(({ length }) => length);
      expect(full).toEqual(asked.slice(0, full.length));
      for (const [at, { length }] of pieces.entries()) {
        expect(length).toBeGreaterThan(0);
        expect(length).toBeLessThanOrEqual(asked[at]!);
      }
    }),
  );
});

test('a piece lies where the one before did, unless it is larger', async () => {
  const places = new Set<ArrayBufferLike>();
  const bytes = randomBytes(100_000);
  const pieces = inPieces(Readable.from([bytes]), () => 10_000);
  for await (const piece of pieces) places.add(piece.buffer);
  expect(places.size).toBe(1);
});
