import type { IncomingMessage, ServerResponse } from 'node:http';
import { hasBody, NO_BODY } from './body.ts';
import { NOT_WRITER, type Tried } from './exchange.ts';
import type { Flight, Flights } from './flights.ts';
import { Gone } from './gone.ts';
import { fromFront, towardsFront } from './headers.ts';
import { isLongPoll } from './long-poll.ts';
import type { Outgoing } from './outgoing.ts';
import { sendAnswer } from './send-answer.ts';
import type { Shares, Taker } from './shares.ts';
import type { Way } from './way.ts';

export interface RelayPorts {
  readonly way: Pick<Way, 'open' | 'refused' | 'suspect'>;
  readonly flights: Pick<Flights, 'begin' | 'end'>;
  readonly underWay: Shares;
  send(request: Outgoing, flight: Flight, taker: Taker): Promise<Tried>;
}

/**
 * Passes on what the front of another site cannot bring to the writer itself. Only directly, and once:
 * so there are no loops, and holding and repeating stay with the front that has the client.
 */
export function relayTo({ way, flights, underWay, send }: RelayPorts) {
  return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = way.open;
    const taker: Taker = { key: `front ${incoming.socket.remoteAddress}`, known: true };
    if (target === null || target.through !== null || !underWay.take(taker, 1))
      return notHere(incoming, response);
    // The other front asks again elsewhere; a long poll through here would outlast this one.
    const poll = isLongPoll(incoming.url ?? '/') ? { throughAddress: false } : null;
    const flight = flights.begin(target, poll);
    const gone = new Gone(response);
    gone.onGone = () => flight.cut('the other front has gone');
    try {
      const request: Outgoing = {
        method: incoming.method ?? 'GET',
        path: incoming.url ?? '/',
        headers: fromFront(incoming.rawHeaders),
        body: hasBody(incoming) ? { kind: 'stream', stream: incoming } : NO_BODY,
      };
      const { attempt, answer } = await send(request, flight, taker);
      if (answer !== undefined) {
        response.writeHead(answer.status, towardsFront(answer.headers));
        try {
          await sendAnswer(response, answer.body);
        } finally {
          answer.over();
        }
        return;
      }
      if (attempt.kind !== 'not-executed') {
        way.suspect();
        return void response.destroy();
      }
      way.refused(target);
      notHere(incoming, response);
    } finally {
      flights.end(flight);
      underWay.give(taker, 1);
    }
  };
}

/** As the writer itself would say it: nothing was executed. */
function notHere(incoming: IncomingMessage, response: ServerResponse): void {
  incoming.resume();
  if (response.headersSent || response.destroyed) return;
  response.writeHead(503, { [NOT_WRITER]: '1', 'content-length': '0' }).end();
}
