import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { invalidParam } from '../matrix-error.ts';
import { parsePairs, type Query } from '../query.ts';
import { readRaw } from './raw.ts';

/** What somebody filled in on a page and sent as `application/x-www-form-urlencoded`. */
export async function readForm(request: IncomingMessage, bytesMax: number): Promise<Query> {
  const bytes = await readRaw(request, bytesMax);
  if (!isUtf8(bytes)) throw invalidParam('The form is not UTF-8');
  return parsePairs(bytes.toString('utf8'), 'The form');
}
