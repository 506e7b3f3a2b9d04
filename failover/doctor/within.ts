/** Longer than a busy machine takes for an answer, shorter than an operator's patience. */
export const ANSWER_WITHIN_MS = 8_000;

/** For what cannot be called off: its answer is no longer waited for. */
export function within<T>(work: Promise<T>, ms = ANSWER_WITHIN_MS): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${ms / 1_000} s`)), ms);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

/** Why there was no answer, in the words of whoever failed. */
export const whyOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${ANSWER_WITHIN_MS / 1_000} s`;
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  // Where several addresses were tried there is a list of errors, and no message.
  const own = error.message || (error as { code?: string }).code || error.name;
  return `${own}${cause}`;
};
