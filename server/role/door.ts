import type { RequestListener } from 'node:http';
import { type ListenOptions, listen } from '../http/listen.ts';

/** A listener that is open from the first moment, and leads somewhere once there is something behind it. */
export interface Door {
  readonly origin: string;
  lead(handler: RequestListener): void;
  turnAway(): void;
  /** Turns new requests away, gives those under way this long, and closes. Again: waits for the same. */
  drain(graceMs: number): Promise<void>;
}

export async function openDoor(options: ListenOptions, first = notServing): Promise<Door> {
  let handler = first;
  let drained: Promise<void> | undefined;
  const listener = await listen(options, (request, response) => handler(request, response));
  return {
    origin: listener.origin,
    lead(next) {
      handler = next;
    },
    turnAway() {
      handler = notServing;
    },
    drain(graceMs) {
      handler = notServing;
      drained ??= listener.drain(graceMs);
      return drained;
    },
  };
}

/** This server is not the writer, or not yet, or no more: nothing was executed, try again. */
export const notServing: RequestListener = (request, response) => {
  request.resume();
  response.writeHead(503, {
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    'x-farol-not-writer': '1',
    'retry-after': '1',
  });
  response.end('{"errcode":"M_UNKNOWN","error":"This server is not the writer"}');
};
