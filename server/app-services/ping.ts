import type { AppService } from '../protocol/app-service.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import { askService, type Question } from './ask-service.ts';

const ANSWERS_WITHIN_MS = 30_000;
const BODY_BYTES_MAX = 8_192;

/** Asks the service whether it hears us. */
export async function pingService(
  { url, hsToken }: AppService,
  transactionId: string | undefined,
  { answersWithinMs = ANSWERS_WITHIN_MS }: { answersWithinMs?: number } = {},
): Promise<{ duration_ms: number }> {
  if (url === undefined)
    throw new MatrixError(400, 'M_URL_NOT_SET', 'The registration of this service has no url');
  const startedMs = performance.now();
  const signal = AbortSignal.timeout(answersWithinMs);
  const bounds = { signal, bytesMax: BODY_BYTES_MAX };
  const { status, body } = await askService({ url, hsToken }, ping(transactionId), bounds).catch(
    (cause) => {
      throw notReached(cause as Error, signal);
    },
  );
  if (status < 200 || status >= 300)
    throw new MatrixError(502, 'M_BAD_STATUS', `The application service answered ${status}`, {
      fields: { status, body },
    });
  return { duration_ms: Math.round(performance.now() - startedMs) };
}

const ping = (transactionId: string | undefined): Question => ({
  method: 'POST',
  path: '/_matrix/app/v1/ping',
  body: transactionId === undefined ? {} : { transaction_id: transactionId },
});

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
