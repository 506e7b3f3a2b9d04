import type { BenchClient } from './client.ts';
import type { Round, Row } from './compare.ts';
import { type Place, sendFor, watch } from './load.ts';
import { inTurn, type Request } from './requests.ts';

export interface MessageRows {
  readonly client: BenchClient;
  readonly places: readonly Place[];
  readonly senders: readonly number[];
  readonly seconds: number;
}

/** The lines of `bench`, for a comparison: the fewest of the senders also while all members hold /sync. */
export function messageRows({ client, places, senders, seconds }: MessageRows): Row[] {
  const sent = (some: readonly Place[]) => async (): Promise<Round> => {
    const { messages: count, seconds: took, latencies } = await sendFor(client, some, seconds);
    return { count, seconds: took, latencies };
  };
  const rows = [1, ...senders].map(
    (count): Row => ({
      name: count === 1 ? '1 sender' : `${count} senders`,
      round: sent(places.slice(0, count)),
    }),
  );
  const few = places.slice(0, Math.min(...senders));
  const held: Row = {
    name: `${few.length} senders, /sync held`,
    begin: async () => (await watch(client, few)).stop,
    round: sent(few),
  };
  return [...rows, held];
}

/** Each round an eighth of what `benchRequests` does of it. */
export const requestRows = (requests: readonly Request[]): Row[] =>
  requests.map(({ name, count, deed }) => {
    let next = 0;
    return {
      name,
      times: 3,
      round: async () => {
        const from = next;
        next += count / 8;
        const begin = performance.now();
        await inTurn(count / 8, (n) => deed(from + n));
        return { count: count / 8, seconds: (performance.now() - begin) / 1_000 };
      },
    };
  });
