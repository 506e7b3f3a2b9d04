import { expect, test } from 'vitest';
import { LINK_MS_MAX, Pace, PIECE_BYTES_MAX, PIECE_BYTES_MIN } from './bulk-pace.ts';

const KIB = 1024;

/** A way to the standby: what a commit of so many bytes takes. */
interface Link {
  readonly roundTripMs: number;
  readonly bytesPerMs: number;
}
const SLOW: Link = { roundTripMs: 20, bytesPerMs: 2_500 };
const LAN: Link = { roundTripMs: 1, bytesPerMs: 100_000 };

const takes = ({ roundTripMs, bytesPerMs }: Link, bytes: number) =>
  roundTripMs + bytes / bytesPerMs;

/** So many full pieces, with a batch of the log between them. */
function pieces(pace: Pace, link: Link, count: number): number[] {
  return Array.from({ length: count }, () => {
    pace.batchTook(takes(link, 500));
    const bytes = pace.pieceBytes;
    pace.pieceTook(takes(link, bytes), bytes);
    return bytes;
  });
}

test('on a slow link a piece comes to hold it no longer than it may', () => {
  const settled = pieces(new Pace(), SLOW, 20).slice(5);
  for (const bytes of settled) {
    expect(bytes / SLOW.bytesPerMs).toBeLessThanOrEqual(LINK_MS_MAX * 1.1);
    expect(bytes / SLOW.bytesPerMs).toBeGreaterThan(LINK_MS_MAX * 0.8);
  }
});

test('where there is room pieces grow to their greatest size', () => {
  expect(pieces(new Pace(), LAN, 5).at(-1)).toBe(PIECE_BYTES_MAX);
});

test('when the way gets worse they shrink, and grow again when it is better', () => {
  const pace = new Pace();
  pieces(pace, LAN, 5);
  expect(pieces(pace, { ...LAN, bytesPerMs: 1_000 }, 3).at(-1)).toBe(PIECE_BYTES_MIN);
  expect(pieces(pace, LAN, 10).at(-1)).toBe(PIECE_BYTES_MAX);
});

test('another way to the standby, which is longer, counts as the quickest after a while', () => {
  const pace = new Pace();
  pieces(pace, LAN, 5);
  const far = { ...LAN, roundTripMs: 30 };
  expect(pieces(pace, far, 3).at(-1)).toBeLessThan(PIECE_BYTES_MAX / 4);
  expect(pieces(pace, far, 400).at(-1)).toBe(PIECE_BYTES_MAX);
});

test('a short last piece does not let the next grow', () => {
  const pace = new Pace();
  pace.batchTook(1);
  const before = pace.pieceBytes;
  pace.pieceTook(1, KIB);
  expect(pace.pieceBytes).toBe(before);
});

test('while batches of the log come back late, the link is left to them', () => {
  const pace = new Pace();
  pace.batchTook(5);
  expect(pace.pieceTook(6, 64 * KIB)).toBe(0);
  pace.batchTook(90);
  expect(pace.pieceTook(6, 64 * KIB)).toBe(90);
  expect(pace.pieceTook(6, 64 * KIB), 'one late batch counts once').toBe(0);
  pace.batchTook(60_000);
  expect(pace.pieceTook(6, 64 * KIB), 'and not for ever').toBe(1_000);
});
