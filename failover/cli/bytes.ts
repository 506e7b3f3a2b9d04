/** In the unit that leaves two to four digits; null is not known. */
export function bytes(count: number | null): string {
  if (count === null) return '?';
  if (count < 10_000) return `${count} B`;
  if (count < 10_000_000) return `${Math.round(count / 1_000)} kB`;
  return `${Math.round(count / 1_000_000)} MB`;
}
