import { invalidParam } from './matrix-error.ts';

export type Query = Readonly<Record<string, string | string[]>>;

const nothing: Query = {};

/** The query of a URL. */
export function parseQuery(url: string): Query {
  const at = url.indexOf('?');
  return at < 0 ? nothing : parsePairs(url.slice(at + 1), 'The query');
}

/** `what` they stand in, for whoever sent them. A key that is there several times has an array. */
export function parsePairs(text: string, what: string): Query {
  // URLSearchParams would read `%zz` as it stands and replace bad UTF-8.
  if (text.includes('%')) refuseWrongEncoding(text, what);
  if (text.includes('\0')) throw hasNull(what);
  const query: Record<string, string | string[]> = Object.create(null);
  for (const [key, value] of new URLSearchParams(text)) {
    const before = query[key];
    if (before === undefined) query[key] = value;
    else if (typeof before === 'string') query[key] = [before, value];
    else before.push(value);
  }
  return query;
}

function refuseWrongEncoding(text: string, what: string) {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw invalidParam(`${what} has a wrong percent-encoding`);
  }
  if (decoded.includes('\0')) throw hasNull(what);
}

const hasNull = (what: string) => invalidParam(`${what} has a U+0000`);
