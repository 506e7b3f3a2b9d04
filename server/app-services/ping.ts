import { Agent, request } from 'undici';
import type { AppService } from '../protocol/app-service.ts';
import { MatrixError } from '../protocol/matrix-error.ts';

const ANSWERS_WITHIN_MS = 30_000;
const BODY_BYTES_MAX = 8_192;

/**
 * Asks the service whether it hears us. Where it stands is the operator's word, so any address is
 * asked that they name; where it sends us on to nobody goes.
 */
export async function pingService(
  { url, hsToken }: AppService,
  transactionId: string | undefined,
  { answersWithinMs = ANSWERS_WITHIN_MS }: { answersWithinMs?: number } = {},
): Promise<{ duration_ms: number }> {
  if (url === undefined)
    throw new MatrixError(400, 'M_URL_NOT_SET', 'The registration of this service has no url');
  const startedMs = performance.now();
  const { status, body } = await asked(url, { hsToken, transactionId, answersWithinMs });
  if (status < 200 || status >= 300)
    throw new MatrixError(502, 'M_BAD_STATUS', `The application service answered ${status}`, {
      fields: { status, body },
    });
  return { duration_ms: Math.round(performance.now() - startedMs) };
}

interface Asking {
  readonly hsToken: string;
  readonly transactionId: string | undefined;
  readonly answersWithinMs: number;
}

async function asked(url: string, { hsToken, transactionId, answersWithinMs }: Asking) {
  const dispatcher = new Agent({ connections: 1, pipelining: 0 });
  const signal = AbortSignal.timeout(answersWithinMs);
  try {
    const answer = await request(`${url}/_matrix/app/v1/ping`, {
      ...{ method: 'POST', dispatcher, signal },
      headers: { authorization: `Bearer ${hsToken}`, 'content-type': 'application/json' },
      body: JSON.stringify(transactionId === undefined ? {} : { transaction_id: transactionId }),
    });
    return { status: answer.statusCode, body: await beginningOf(answer.body) };
  } catch (cause) {
    throw notReached(cause as Error, signal);
  } finally {
    await dispatcher.destroy();
  }
}

function notReached(cause: Error, signal: AbortSignal): MatrixError {
  if (signal.aborted)
    return new MatrixError(
      504,
      'M_CONNECTION_TIMEOUT',
      'The application service did not answer in time',
      { cause },
    );
  const why = `The application service cannot be reached: ${cause.message}`;
  return new MatrixError(502, 'M_CONNECTION_FAILED', why, { cause });
}

/** What it says may be without end. */
async function beginningOf(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= BODY_BYTES_MAX) break;
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES_MAX).toString('utf8').toWellFormed();
}
