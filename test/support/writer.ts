import { Deadline } from '../../server/log/deadline.ts';
import { type TakeoverOptions, takeOver } from '../../server/log/takeover.ts';
import type { Writer } from '../../server/log/writer.ts';

/** The real log, on the database of one test: `await using log = await startWriter(fresh.url)`. */
export async function startWriter(
  url: string,
  options: Partial<Pick<TakeoverOptions, 'deadline' | 'nowMs'>> = {},
): Promise<Writer & AsyncDisposable> {
  const writer = await takeOver({
    url,
    leaderRevision: '0',
    deadline: Deadline.none(),
    epochStep: () => 1,
    onEnd: () => {},
    ...options,
  });
  return Object.assign(writer, { [Symbol.asyncDispose]: () => writer.close() });
}
