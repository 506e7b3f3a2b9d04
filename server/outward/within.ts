import { setTimeout as sleep } from 'node:timers/promises';

// What is outside of this server may never answer. The work goes on unheard.

/** Throws the signal's reason where that comes first. */
export function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return Promise.race([work, promise]);
}

/** Throws what `late` makes where the time is over first. */
export async function withinMs<T>(
  ms: number,
  work: Promise<T>,
  late: (ms: number) => Error,
): Promise<T> {
  const end = new AbortController();
  const over = sleep(ms, undefined, { signal: end.signal, ref: false }).then(() => {
    throw late(ms);
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    end.abort();
    for (const each of [work, over]) each.catch(() => {});
  }
}
