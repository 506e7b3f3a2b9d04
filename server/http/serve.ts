import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Request, type Response } from 'express';
import {
  BuiltOnRefused,
  DatabaseUnavailable,
  MustWait,
  NotWriter,
  OutcomeUnknown,
} from '../log/log.ts';
import { Answer } from './answer.ts';
import { ClientGone } from './body/raw.ts';
import type { RequestMeta } from './endpoint.ts';
import { type Gate, NOT_SERVING } from './gate.ts';
import { limitExceeded, MatrixError } from './matrix-error.ts';
import { type Mount, Mounts, type Rules, refused } from './mount.ts';
import { type Incoming, pathOf, runEndpoint } from './run-endpoint.ts';
import { writeAnswer } from './write-answer.ts';

export interface RunningServer {
  readonly origin: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Serves over plain HTTP; port 0 takes any free one. */
export async function serve<Ports>(
  mounts: readonly Mount<Ports>[],
  gate: Gate<Ports>,
  { host = '127.0.0.1', port = 0 }: { host?: string; port?: number } = {},
): Promise<RunningServer> {
  const server = createServer(requestListener(mounts, gate)).listen(port, host);
  await once(server, 'listening');
  return {
    origin: `http://${host}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/**
 * For `createServer` of http or https. Express is the shell only: one layer, no middleware. What
 * its own would do for each request is done here where it is needed (measured: 10 us a request
 * for the shell, 30 us with the routes of the specification in it).
 */
export function requestListener<Ports>(
  mounts: readonly Mount<Ports>[],
  gate: Gate<Ports>,
): RequestListener {
  const mounted = new Mounts(mounts);
  const app = express();
  app.disable('x-powered-by').disable('etag').disable('query parser');
  app.set('trust proxy', gate.behindFront ? 1 : false);
  app.use((request: Request, response: Response) => {
    // Whoever is answered here comes to no other layer; what would have come after it is a tenth of a request that waits.
    request.next = undefined;
    answerRequest(mounted, request, response, gate).catch((error: unknown) => {
      gate.logger.error({ err: error }, 'request failed');
      request.socket.destroy();
    });
  });
  return app;
}

async function answerRequest<Ports>(
  mounts: Mounts<Ports>,
  request: Request,
  response: Response,
  gate: Gate<Ports>,
): Promise<void> {
  const startedMs = performance.now();
  const meta = new Meta(request, gate.behindFront);
  const seen = { operation: 'unrecognized' };
  const rules = mounts.rulesAt(request.url);
  try {
    const answer = await answerOf(mounts, { request, response, meta }, gate, seen);
    await writeAnswer(response, rules.headers, answer);
  } catch (error) {
    answerError(error, { request, response, meta }, rules, gate);
  }
  const ms = performance.now() - startedMs;
  const status = response.headersSent ? response.statusCode : 0;
  gate.onAnswered?.({ ...seen, status, ms });
  if (gate.logger.isLevelEnabled('info')) {
    const path = pathOf(request.url);
    gate.logger.info(
      { id: meta.id, method: request.method, path, ...seen, status, ms: Math.round(ms) },
      'answered',
    );
  }
}

/** No function that is waited for, nor `runEndpoint`: those who wait for long are many, and each is lighter for it. */
function answerOf<Ports>(
  mounts: Mounts<Ports>,
  incoming: Incoming,
  gate: Gate<Ports>,
  seen: { operation: string },
): Promise<Answer | object> | Answer {
  const { request } = incoming;
  if (request.method === 'OPTIONS') return preflight;
  if (!gate.mayAnswer() && (asksForWriter(request, gate) || !isServedByAny(mounts, request)))
    throw new NotWriter(NOT_SERVING);
  const found = mounts.find(request.method, request.url);
  seen.operation = found.endpoint.operation;
  return runEndpoint(found, incoming, gate);
}

/** A front's own question, whatever it is, is whether this is the writer: only the writer answers it. */
const asksForWriter = <Ports>({ headers }: Request, { behindFront }: Gate<Ports>): boolean =>
  behindFront && headers['x-farol-probe'] !== undefined;

/** That there is no such endpoint is the writer's to say, too: other releases may have it. */
function isServedByAny<Ports>(mounts: Mounts<Ports>, request: Request): boolean {
  try {
    return mounts.find(request.method, request.url).endpoint.servedBy === 'any';
  } catch {
    return false;
  }
}

function answerError<Ports>(
  error: unknown,
  { request, response, meta }: Incoming,
  rules: Rules,
  gate: Gate<Ports>,
) {
  if (error instanceof ClientGone) return;
  // Nobody knows what became of it: without an answer the front replays it, and finds out (D6).
  if (isUnknown(error, gate) || response.headersSent) return void request.socket.destroy();
  const known = toldToClient(error);
  if (known.status === 500) gate.logger.error({ id: meta.id, err: error }, 'request failed');
  void writeAnswer(response, rules.headers, refused(known, rules));
}

/** A refusal too is an answer, and rests on memory that may be void past the deadline (D3.2). */
function isUnknown<Ports>(error: unknown, gate: Gate<Ports>): boolean {
  if (error instanceof NotWriter) return false;
  if (error instanceof OutcomeUnknown || error instanceof DatabaseUnavailable) return true;
  return !gate.mayAnswer();
}

const preflight = new Answer(204, { 'access-control-max-age': '86400' });

const BUILD_AGAIN_MS = 1_000;

function toldToClient(error: unknown): MatrixError {
  if (error instanceof MatrixError) return error;
  if (error instanceof NotWriter) return notTheWriter;
  if (error instanceof MustWait) return limitExceeded(error.waitMs);
  // Features try again by themselves; where that was in vain, the client may, since nothing was written.
  if (error instanceof BuiltOnRefused) return limitExceeded(BUILD_AGAIN_MS);
  return new MatrixError(500, 'M_UNKNOWN', 'Internal server error', { cause: error });
}

/** The front reads the header: this request was certainly not executed, and may go elsewhere. */
const notTheWriter = new MatrixError(503, 'M_UNKNOWN', NOT_SERVING, {
  headers: { 'x-farol-not-writer': '1', 'retry-after': '1' },
});

class Meta implements RequestMeta {
  readonly id: string;
  readonly #request: Request;
  readonly #behindFront: boolean;

  constructor(request: Request, behindFront: boolean) {
    this.#request = request;
    this.#behindFront = behindFront;
    const given = behindFront ? request.headers['x-farol-request-id'] : undefined;
    this.id = typeof given === 'string' && /^[\w:.-]{8,100}$/.test(given) ? given : randomUUID();
  }

  /** Each request asks; without a front Express would look through headers for nothing. */
  get address(): string {
    const request = this.#request;
    return (this.#behindFront ? request.ip : request.socket.remoteAddress) ?? '';
  }

  get userAgent(): string | undefined {
    return this.#request.headers['user-agent'];
  }

  get cookies(): string | undefined {
    return this.#request.headers.cookie;
  }

  get fetchSite(): string | undefined {
    const given = this.#request.headers['sec-fetch-site'];
    return typeof given === 'string' ? given : undefined;
  }
}
