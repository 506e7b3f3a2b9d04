/** A condition: without what PostgreSQL takes for no text, U+0000 and half a surrogate pair, of which no field can be read. */
export const isReadable = (json: string): string =>
  String.raw`${json} !~ '(^|[^\\])(\\\\)*\\u(0000|d[89a-f])'`;
