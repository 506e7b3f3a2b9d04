/** The same bytes in pieces of the size that is wanted when each begins; only the last may be shorter. */
export async function* inPieces(
  chunks: AsyncIterable<Buffer>,
  pieceBytes: () => number,
): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let missing = pieceBytes();
  for await (const chunk of chunks) {
    let rest = chunk;
    while (rest.length >= missing) {
      yield Buffer.concat([...begun, rest.subarray(0, missing)]);
      rest = rest.subarray(missing);
      begun = [];
      missing = pieceBytes();
    }
    if (rest.length === 0) continue;
    begun.push(rest);
    missing -= rest.length;
  }
  if (begun.length > 0) yield Buffer.concat(begun);
}
