import type { Readable } from 'node:stream';
import type { Body } from './body.ts';

export interface Outgoing {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: Body | { readonly kind: 'stream'; readonly stream: Readable };
}

/** It is no request at all, such as `OPTIONS *`: no writer would take it either. */
export class NotARequest extends Error {
  override readonly name = 'NotARequest';
}

/**
 * The head of a request, up to its body. What is in it came through Node's parser, which lets no line
 * break into a header; the path is looked at again, since it may say more than a path.
 */
export function headOf({ method, path, headers, body }: Outgoing, host: string): string {
  if (!/^\/[\x21-\xff]*$/.test(path)) throw new NotARequest('This is no path');
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: keep-alive\r\n`;
  let length = lengthOf(body, method);
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at] !== 'content-length') head += `${headers[at]}: ${headers[at + 1]}\r\n`;
    else if (body.kind === 'stream') length = headers[at + 1];
  }
  if (length !== undefined) head += `content-length: ${length}\r\n`;
  else if (body.kind === 'stream') head += 'transfer-encoding: chunked\r\n';
  return `${head}\r\n`;
}

/** A body that passes through may be as long as it says, or say nothing. */
export const isChunked = ({ body, headers }: Outgoing): boolean =>
  body.kind === 'stream' && !headers.some(isLength);

/** A name: what stands as a value may be any word. */
const isLength = (text: string, at: number): boolean => at % 2 === 0 && text === 'content-length';

function lengthOf(body: Outgoing['body'], method: string): string | undefined {
  if (body.kind === 'stream') return undefined;
  if (body.kind === 'disk') return String(body.spooled.bytes);
  const none = body.bytes === 0 && (method === 'GET' || method === 'HEAD');
  return none ? undefined : String(body.bytes);
}
