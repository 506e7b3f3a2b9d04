/** What a scanner says of a file. */
export type Opinion =
  | { readonly kind: 'clean' }
  | { readonly kind: 'found'; readonly what: string };

export interface Scanner {
  /** Throws `ScannerAway` or `Unscannable`, or what `file` throws; ends all that it has begun at the signal. */
  scan(file: AsyncIterable<Buffer>, signal: AbortSignal): Promise<Opinion>;
}

/** Nobody is there who could be asked. */
export class ScannerAway extends Error {
  override readonly name = 'ScannerAway';
}

/** Somebody is there, and says nothing of this file. */
export class Unscannable extends Error {
  override readonly name = 'Unscannable';
}

const WHAT_LENGTH_MAX = 200;

/** As the scanner calls it, in one line that may stand in a table and in a log. */
export const found = (what: string): Opinion => ({
  kind: 'found',
  what: what.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, WHAT_LENGTH_MAX),
});
