import type { Told } from '../reach.ts';

export interface Part {
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

const BOUNDARY = /^multipart\/mixed\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i;
const HEAD_BYTES_MAX = 16_384;

/** The second part of an answer in two (`multipart/mixed`, RFC 2046): the file, behind what is said of it. Undefined where it has none. */
export function secondPart({ headers, body }: Pick<Told, 'headers' | 'body'>): Part | undefined {
  const [, quoted, plain] = BOUNDARY.exec(String(headers['content-type'] ?? '')) ?? [];
  const boundary = quoted ?? plain;
  if (boundary === undefined) return undefined;
  const first = body.indexOf(`--${boundary}`);
  const second = first < 0 ? -1 : body.indexOf(`\r\n--${boundary}\r\n`, first);
  const end = body.lastIndexOf(`\r\n--${boundary}--`);
  const begin = second + boundary.length + 6;
  if (second < 0 || end < begin) return undefined;
  const headEnd = body.subarray(begin, begin + HEAD_BYTES_MAX).indexOf('\r\n\r\n');
  if (headEnd < 0 || begin + headEnd + 4 > end) return undefined;
  const head = body.toString('utf8', begin, begin + headEnd);
  return { headers: headersIn(head), body: body.subarray(begin + headEnd + 4, end) };
}

const headersIn = (head: string): ReadonlyMap<string, string> =>
  new Map(
    head.split('\r\n').flatMap((line) => {
      const colon = line.indexOf(':');
      return colon > 0
        ? [[line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const]
        : [];
    }),
  );
