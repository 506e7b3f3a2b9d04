import type { Answer } from './exchange.ts';
import type { ClientHeaders } from './headers.ts';

/** From the byte `from` up to the byte `end`, without it, of what the writer calls by this ETag. */
export interface Span {
  readonly from: number;
  readonly end: number;
  readonly etag: string;
}

/**
 * What an answer brings, where any part of it could be asked for alone: its ETag names these bytes and no others, and the
 * writer takes ranges (RFC 9110, sections 8.8.3 and 14). Undefined of all other answers.
 */
export function spanOf({ status, headers }: Pick<Answer, 'status' | 'headers'>): Span | undefined {
  const { etag, 'accept-ranges': unit, 'content-length': length } = headers;
  if (typeof etag !== 'string' || !/^"[^"]*"$/.test(etag)) return undefined;
  if (unit !== 'bytes' || headers['content-encoding'] !== undefined) return undefined;
  const bytes = typeof length === 'string' ? Number(length) : Number.NaN;
  const from = status === 206 ? beginOf(headers['content-range'], bytes) : 0;
  if ((status !== 200 && status !== 206) || Number.isNaN(from + bytes)) return undefined;
  return { from, end: from + bytes, etag };
}

/** The headers of a request for these bytes alone: of other bytes under this path the writer would send all. */
export function askingFor(
  { passed, host }: ClientHeaders,
  { from, end, etag }: Span,
): ClientHeaders {
  const kept = passed.filter((_, at) => !CONDITIONS.has(passed[at - (at % 2)]!));
  return { host, passed: [...kept, 'range', `bytes=${from}-${end - 1}`, 'if-range', etag] };
}

/** Whether a client asks for less than all of it, or for nothing where it has that already. */
export const saysCondition = ({ passed }: ClientHeaders): boolean =>
  passed.some((text, at) => at % 2 === 0 && CONDITIONS.has(text));

/** What a client said of its own: RFC 9110, sections 13.1 and 14.2. */
const CONDITIONS = new Set([
  ...['range', 'if-range', 'if-match', 'if-none-match'],
  ...['if-modified-since', 'if-unmodified-since'],
]);

/** Where so many bytes begin; NaN where the writer says something else of them. */
function beginOf(said: string | string[] | undefined, bytes: number): number {
  const [, first, last] = /^bytes (\d{1,15})-(\d{1,15})\/\d{1,15}$/.exec(String(said)) ?? [];
  return Number(last) + 1 - Number(first) === bytes ? Number(first) : Number.NaN;
}
