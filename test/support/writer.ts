import { Deadline } from '../../server/log/deadline.ts';
import { takeOver } from '../../server/log/takeover.ts';
import type { Writer } from '../../server/log/writer.ts';

/** The real log, on the database of one test: `await using log = await startWriter(fresh.url)`. */
export async function startWriter(url: string): Promise<Writer & AsyncDisposable> {
  const writer = await takeOver({
    url,
    leaderRevision: '0',
    deadline: Deadline.none(),
    epochStep: () => 1,
    onEnd: () => {},
  });
  return Object.assign(writer, { [Symbol.asyncDispose]: () => writer.close() });
}
