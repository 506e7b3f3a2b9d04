import { NO_BODY } from './body.ts';
import type { Answer, Tried } from './exchange.ts';
import { Flight } from './flights.ts';
import { Shares, type Taker } from './shares.ts';
import type { Upstreams } from './upstream.ts';
import type { Probed, Target } from './way.ts';

/** Cheap for the writer. Who is none refuses it for `x-farol-probe`, though any server may answer clients. */
const QUESTION = '/_matrix/client/versions';
/** Our own questions take nothing of what clients share. */
const OURSELVES: Taker = { key: '', known: true };
const memory = new Shares(64 * 1024 * 1024);

export function probeWith(upstreams: Upstreams) {
  return async (target: Target, signal: AbortSignal): Promise<Probed> => {
    const { attempt, answer } = await get(upstreams, target, QUESTION, signal);
    if (answer !== undefined) return 'answered';
    if (attempt.kind !== 'not-executed') return 'silent';
    return attempt.reached ? 'refused' : 'unreachable';
  };
}

/** What the writer says to a question of the front's own; undefined where it says nothing. */
export async function askWriter(
  upstreams: Upstreams,
  target: Target,
  path: string,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  return (await get(upstreams, target, path, signal)).answer;
}

async function get(
  upstreams: Upstreams,
  target: Target,
  path: string,
  signal: AbortSignal,
): Promise<Tried> {
  const flight = new Flight(target, 0);
  const cut = () => flight.cut('no answer to a question of our own');
  if (signal.aborted) cut();
  signal.addEventListener('abort', cut, { once: true });
  const headers = ['x-farol-probe', '1'];
  try {
    const asked = { method: 'GET', path, headers, body: NO_BODY };
    const tried = await upstreams.try(target.origin, asked, { flight, taker: OURSELVES, memory });
    tried.answer?.over();
    if (tried.answer && !Buffer.isBuffer(tried.answer.body)) tried.answer.body.close();
    return tried;
  } finally {
    signal.removeEventListener('abort', cut);
  }
}
