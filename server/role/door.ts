import type { RequestListener } from 'node:http';
import { NOT_SERVING } from '../http/gate.ts';
import { type ListenOptions, listen } from '../http/listen.ts';

/** A listener that is open from the first moment, and leads somewhere once there is something behind it. */
export interface Door {
  readonly origin: string;
  lead(handler: RequestListener): void;
  turnAway(): void;
  /** Turns new requests away, gives those under way this long, and closes. Again: waits for the same. */
  drain(graceMs: number): Promise<void>;
}

/** What is answered while nothing is behind the door. */
export interface Closed {
  readonly before: RequestListener;
  readonly after: RequestListener;
}

export async function openDoor(
  options: ListenOptions,
  { before, after }: Closed = OF_A_SITE,
): Promise<Door> {
  let handler = before;
  let drained: Promise<void> | undefined;
  const listener = await listen(options, (request, response) => handler(request, response));
  return {
    origin: listener.origin,
    lead(next) {
      handler = next;
    },
    turnAway() {
      handler = after;
    },
    drain(graceMs) {
      handler = after;
      drained ??= listener.drain(graceMs);
      return drained;
    },
  };
}

/** Nothing was executed: a front holds the request, another client is told to try again. */
const notServing =
  (error: string): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(503, {
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'x-farol-not-writer': '1',
      'retry-after': '1',
    });
    response.end(JSON.stringify({ errcode: 'M_UNKNOWN', error }));
  };

const OF_A_SITE: Closed = { before: notServing(NOT_SERVING), after: notServing(NOT_SERVING) };

export const OF_A_LONE_SERVER: Closed = {
  before: notServing('This server is starting: try again in a second'),
  after: notServing('This server is stopping: try again when it has started'),
};
