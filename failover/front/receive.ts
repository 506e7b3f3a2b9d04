import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type Body, hasBody, Incoming, NO_BODY, type NoBody, type Room } from './body.ts';
import type { Carried } from './carried.ts';
import type { Ports } from './carry.ts';
import { carryOrLend } from './carry-or-lend.ts';
import type { ClientConnections } from './client-connections.ts';
import type { Answer } from './exchange.ts';
import { Gone } from './gone.ts';
import { fromClient, serverClaimed, tokenOf, towardsClient } from './headers.ts';
import type { Counts } from './health.ts';
import type { KeptBodies } from './kept-bodies.ts';
import type { KnownTokens } from './known-tokens.ts';
import { type LastingPorts, lastingBody } from './lasting.ts';
import { refuse, setAside } from './refuse.ts';
import type { Remembered } from './remembered.ts';
import { isSmall, type Sent, sendAnswer } from './send-answer.ts';
import type { Shares, Taker } from './shares.ts';

export interface Desk {
  readonly ports: Ports;
  readonly lasting: LastingPorts;
  readonly room: Room;
  /** Requests under way, held or not. Long polls are no danger to memory; the bound is for a flood. */
  readonly underWay: Shares;
  readonly tokens: KnownTokens;
  readonly remembered: Remembered;
  readonly bodies: KeptBodies;
  readonly guests: ClientConnections;
  readonly count: Counts;
  readonly log: Logger;
}

interface Arrived {
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly taker: Taker;
  readonly token: string | undefined;
  readonly device: string | undefined;
  readonly arrival: number;
  readonly arrivedAtMs: number;
  readonly gone: Gone;
}

/** Takes a client's request, keeps it whole, has it carried, and passes the answer on. */
export function reception(desk: Desk) {
  const { ports, underWay, tokens, remembered, guests, count } = desk;
  let arrivals = 0;
  return async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    // The end of the connection is under way to the client: what it sends towards it cannot be answered, so it must not be done.
    if (!incoming.socket.writable) return void response.destroy();
    const url = incoming.url ?? '/';
    const address = incoming.socket.remoteAddress ?? '';
    const { authorization } = incoming.headers;
    const server = serverClaimed(authorization, address);
    const token = server ?? tokenOf(authorization, url);
    const taker = tokens.taker(token, address);
    // What a device asks is in order; a server's questions have none, and wait for none of each other.
    const device = server === undefined ? token : undefined;
    const arrivedAtMs = ports.now();
    const arrival = ++arrivals;
    const told = ports.way.open === null ? remembered.answerTo(incoming.method, url) : undefined;
    if (told !== undefined)
      return passOn(response, told, ports.routing.mustEnd(guests.has(incoming.socket)));
    if (!underWay.take(taker, 1)) return setAside(incoming, response, count);
    guests.began(incoming.socket, url);
    const gone = new Gone(response);
    try {
      await take({ incoming, response, taker, token, device, arrival, arrivedAtMs, gone }, desk);
    } finally {
      underWay.give(taker, 1);
      guests.ended(incoming.socket);
    }
  };
}

async function take(arrived: Arrived, desk: Desk): Promise<void> {
  const { incoming, response, taker } = arrived;
  if (!hasBody(incoming)) return forward(arrived, NO_BODY, desk);
  const reading = new Incoming(incoming, taker, desk.room);
  try {
    const body = await reading.read().catch((err: unknown) => {
      desk.log.error({ err }, 'a long body cannot be kept: look at hold.diskFolder');
      return 'full' as const;
    });
    if (typeof body !== 'string') await forward(arrived, body, desk);
    else await refuseFor(body, incoming, response, desk);
  } finally {
    await reading.close();
  }
}

function refuseFor(why: NoBody, incoming: IncomingMessage, response: ServerResponse, desk: Desk) {
  if (why === 'gone') return void response.destroy();
  desk.log.info({ why, address: incoming.socket.remoteAddress }, 'a body was not taken');
  if (why === 'full') return setAside(incoming, response, desk.count);
  const told = why === 'too-slow' ? TOO_SLOW : TOO_LARGE;
  return refuse(incoming, response, told);
}

const TOO_SLOW = { status: 408, errcode: 'M_UNKNOWN', error: 'The body did not come in time' };
const TOO_LARGE = { status: 413, errcode: 'M_TOO_LARGE', error: 'The body is too large' };

async function forward(arrived: Arrived, body: Body, desk: Desk): Promise<void> {
  const { incoming, response, taker, token, device, arrival, arrivedAtMs, gone } = arrived;
  const { ports, guests, log, count } = desk;
  const request: Carried = {
    id: randomUUID(),
    arrival,
    arrivedAtMs,
    method: incoming.method ?? 'GET',
    url: incoming.url ?? '/',
    headers: fromClient(incoming.rawHeaders),
    body,
    device,
    taker,
    clientAddress: incoming.socket.remoteAddress ?? '',
    throughAddress: guests.has(incoming.socket),
    gone,
  };
  const carriage = await carryOrLend(request, desk);
  if (carriage.kind === 'gone') return void response.destroy();
  if (carriage.kind === 'set-aside') {
    log.warn({ requestId: request.id, why: carriage.why }, 'a request was set aside');
    return setAside(incoming, response, count);
  }
  const { answer, flight } = carriage;
  try {
    if (token !== undefined) desk.tokens.answered(token, answer);
    desk.remembered.note(request.method, request.url, answer);
    const passed = { ...answer, body: lastingBody(request, carriage, desk.lasting) };
    await passOn(response, passed, ports.routing.mustEnd(guests.has(response.socket)));
  } finally {
    ports.flights.end(flight);
    answer.over();
  }
}

/** A client that takes nothing for so long is not waited for: its answer takes memory. */
const READS_WITHIN_MS = 60_000;

/** Resolves when the client has all of it; of what is small at once. */
async function passOn(
  response: ServerResponse,
  { status, headers, body }: Pick<Answer, 'status' | 'headers'> & { readonly body: Sent },
  last: boolean,
): Promise<void> {
  const passed = towardsClient(headers);
  if (last) passed.connection = 'close';
  response.writeHead(status, passed);
  if (!isSmall(body)) response.socket?.setTimeout(READS_WITHIN_MS);
  return sendAnswer(response, body);
}
