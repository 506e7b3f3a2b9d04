/** In bytes, of a position in PostgreSQL's log as its programs print it; null where that is none. */
export function bytesIn(printed: string): number | null {
  const [, high, low] = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/.exec(printed) ?? [];
  if (high === undefined || low === undefined) return null;
  const bytes = Number.parseInt(high, 16) * 2 ** 32 + Number.parseInt(low, 16);
  return Number.isSafeInteger(bytes) ? bytes : null;
}
