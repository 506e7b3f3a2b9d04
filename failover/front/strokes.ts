/**
 * As much as TLS is given at a stroke, its connection keeps room for until it ends: 100 connections that had had an answer
 * of 4 MB each held 400 MB.
 */
export const STROKE_BYTES = 64 * 1024;

/** Pieces that are given together, since they are no more than a stroke; what is longer by itself, in parts. */
export function* strokesOfPieces(pieces: readonly Buffer[]): Generator<Stroke> {
  let stroke: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces)
    for (const part of strokesOf(piece)) {
      if (bytes + part.length > STROKE_BYTES) {
        yield stroke;
        stroke = [];
        bytes = 0;
      }
      stroke.push(part);
      bytes += part.length;
    }
  if (bytes > 0) yield stroke;
}

export type Stroke = readonly Buffer[];

export function* strokesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += STROKE_BYTES)
    yield bytes.subarray(at, at + STROKE_BYTES);
}
