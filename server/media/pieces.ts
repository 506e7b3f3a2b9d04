/**
 * The same bytes in pieces of the size that is wanted when each begins; only the last may be shorter. Copied as they come:
 * a list of chunks would be many times what is in it, where somebody sends byte by byte. Whoever asks for the next one
 * needs the one before no more: all lie in the same place, since each buffer counts against what V8 lets lie outside of its heap.
 */
export async function* inPieces(
  chunks: AsyncIterable<Buffer>,
  pieceBytes: () => number,
): AsyncGenerator<Buffer> {
  let place = Buffer.alloc(0);
  let piece: Buffer | undefined;
  let filled = 0;
  const pieceOf = (bytes: number) => {
    if (place.length < bytes) place = Buffer.allocUnsafe(bytes);
    return place.subarray(0, bytes);
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      piece ??= pieceOf(pieceBytes());
      const copied = chunk.copy(piece, filled, at);
      at += copied;
      filled += copied;
      if (filled < piece.length) continue;
      yield piece;
      piece = undefined;
      filled = 0;
    }
  }
  if (piece) yield piece.subarray(0, filled);
}
