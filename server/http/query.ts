import { invalidParam } from './matrix-error.ts';

export type Query = Readonly<Record<string, string | string[]>>;

const nothing: Query = {};

/** The query of a URL; a key that is there several times has an array. */
export function parseQuery(url: string): Query {
  const at = url.indexOf('?');
  if (at < 0) return nothing;
  const text = url.slice(at + 1);
  // URLSearchParams would read `%zz` as it stands and replace bad UTF-8.
  if (text.includes('%')) refuseWrongEncoding(text);
  const query: Record<string, string | string[]> = Object.create(null);
  for (const [key, value] of new URLSearchParams(text)) {
    const before = query[key];
    if (before === undefined) query[key] = value;
    else if (typeof before === 'string') query[key] = [before, value];
    else before.push(value);
  }
  return query;
}

function refuseWrongEncoding(text: string) {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw invalidParam('The query has a wrong percent-encoding');
  }
  if (decoded.includes('\0')) throw invalidParam('The query has a U+0000');
}
