import { Agent, request } from 'undici';
import type { AppService } from '../protocol/app-service.ts';

export interface Question {
  readonly method: 'GET' | 'POST';
  /** Behind the service's URL, with its query. */
  readonly path: string;
  readonly body?: object;
}

export interface AnswerBounds {
  readonly signal: AbortSignal;
  readonly bytesMax: number;
}

/**
 * Where a service stands is the operator's word, so any address is asked that they name; where it
 * sends us on to nobody goes. Of a longer answer the beginning is given. Throws where none comes.
 */
export async function askService(
  { url, hsToken }: Pick<AppService, 'hsToken'> & { readonly url: string },
  { method, path, body }: Question,
  { signal, bytesMax }: AnswerBounds,
): Promise<{ status: number; body: string }> {
  const dispatcher = new Agent({ connections: 1, pipelining: 0 });
  try {
    const answer = await request(url + path, {
      ...{ method, dispatcher, signal },
      headers: { authorization: `Bearer ${hsToken}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: await beginningOf(answer.body, bytesMax) };
  } finally {
    await dispatcher.destroy();
  }
}

/** What it says may be without end. */
async function beginningOf(body: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= bytesMax) break;
  }
  return Buffer.concat(chunks).subarray(0, bytesMax).toString('utf8').toWellFormed();
}
