/**
 * As much as TLS is given at a stroke, its connection keeps room for until it ends: 100 connections that had had an answer
 * of 4 MB each held 400 MB.
 */
export const STROKE_BYTES = 64 * 1024;

export function* strokesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += STROKE_BYTES)
    yield bytes.subarray(at, at + STROKE_BYTES);
}
