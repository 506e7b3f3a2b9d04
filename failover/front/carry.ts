import type { Carried } from './carried.ts';
import type { Answer, Tried } from './exchange.ts';
import type { Flight, Flights } from './flights.ts';
import { towardsWriter } from './headers.ts';
import { isLongPoll, withTimeLeft } from './long-poll.ts';
import type { Outgoing } from './outgoing.ts';
import type { Routing } from './routing.ts';
import type { Taker } from './shares.ts';
import { type Verdict, verdictOn } from './verdict.ts';
import { Waiting, type WaitingPorts } from './waiting.ts';
import type { Target, Way } from './way.ts';

export interface Ports extends WaitingPorts {
  readonly routing: Routing;
  readonly way: Way;
  readonly flights: Pick<Flights, 'begin' | 'end'>;
  send(request: Outgoing, flight: Flight, taker: Taker): Promise<Tried>;
  readonly count: WaitingPorts['count'] & { replayed: number };
}

export type Carriage =
  | { kind: 'answer'; answer: Answer; flight: Flight }
  | { kind: 'set-aside'; why: string }
  | { kind: 'gone' };

/** So that one which is refused though the way is open does not run in a circle. */
const TRY_AGAIN_AFTER_MS = 100;
/** A server whose database fell breaks everything off until it has ended: 1.3 s were seen. */
const REPLAY_AGAIN_AFTER_MS = 2_000;

/** Holds, sends, and sends again until there is an answer or the time is up. */
export async function carry(request: Carried, ports: Ports): Promise<Carriage> {
  const wait = new Waiting(request, ports);
  const silentEpochs: number[] = [];
  let hurried = false;
  try {
    for (let attempt = 1; ; attempt++) {
      const target = wait.open() ?? (await wait.forTarget());
      if (target === 'gone') return { kind: 'gone' };
      if (typeof target === 'string') return { kind: 'set-aside', why: target };
      hurried ||= mustHurry(request, ports);
      const { tried, flight } = await send(request, { attempt, target, hurried }, ports);
      if (tried.answer !== undefined) return { kind: 'answer', answer: tried.answer, flight };
      ports.flights.end(flight);
      if (request.gone.is) return { kind: 'gone' };
      if (!hurried && mustHurry(request, ports)) continue;
      const pauseMs = afterFailure(tried, { silentEpochs, target }, ports);
      if (typeof pauseMs === 'string') return { kind: 'set-aside', why: pauseMs };
      await wait.afterFailure(pauseMs, flight.troubleAtMs);
    }
  } finally {
    wait.over();
  }
}

/** How long to wait before the next attempt; or why there is none. */
function afterFailure(
  { attempt }: Tried,
  { silentEpochs, target }: { silentEpochs: number[]; target: Target },
  { way, count }: Ports,
): number | string {
  if (attempt.kind === 'answered') throw new Error('An answer is no failure');
  const verdict = verdictOn(attempt, { silentEpochs });
  if (attempt.kind === 'not-executed') way.refused(target);
  else way.suspect();
  if (verdict === 'set-aside') return attempt.why;
  if (attempt.kind === 'unknown') {
    silentEpochs.push(attempt.epoch);
    count.replayed++;
  }
  return pauseAfter(verdict, silentEpochs.length);
}

/** The first replay goes at once: mostly one connection broke, and the writer is well. */
function pauseAfter(verdict: Verdict, silences: number): number {
  if (verdict === 'hold') return TRY_AGAIN_AFTER_MS;
  return silences > 1 ? REPLAY_AGAIN_AFTER_MS : 0;
}

/** A long poll whose connection is about to be taken away must be answered now. */
const mustHurry = (request: Carried, { routing }: Ports) =>
  routing.mustEnd(request.throughAddress) && isLongPoll(request.url);

/** The flight goes on until the last byte of an answer has come. */
async function send(
  request: Carried,
  { attempt, target, hurried }: { attempt: number; target: Target; hurried: boolean },
  ports: Ports,
): Promise<{ tried: Tried; flight: Flight }> {
  const { id: requestId, clientAddress, method, body, gone } = request;
  const elapsedMs = hurried ? Number.POSITIVE_INFINITY : ports.now() - request.arrivedAtMs;
  const path = withTimeLeft(request.url, elapsedMs);
  const headers = towardsWriter(request.headers, { requestId, attempt, clientAddress });
  const flight = ports.flights.begin(target, hurried || !isLongPoll(request.url) ? null : request);
  // A client that has gone ends only what changes nothing.
  if (method === 'GET') gone.onGone = () => flight.cut('the client has gone');
  try {
    return {
      tried: await ports.send({ method, path, headers, body }, flight, request.taker),
      flight,
    };
  } finally {
    gone.onGone = undefined;
  }
}
