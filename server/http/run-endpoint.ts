import type { Request, Response } from 'express';
import { z } from 'zod';
import { NotWriter, OutcomeUnknown } from '../log/log.ts';
import { onBehalfOf } from '../log/on-behalf.ts';
import {
  both,
  notKept,
  type Once,
  type OnceKey,
  type Outcome,
  type Told,
  WholeAnswer,
} from '../log/outcomes.ts';
import { type Caller, isPerson, rateOf, subscriberIn } from '../protocol/caller.ts';
import {
  nothingProved,
  type Proof,
  type UiaFlows,
  type UiaRequest,
} from '../protocol/interactive-auth.ts';
import { isObject, type JsonValue } from '../protocol/json.ts';
import { Answer } from './answer.ts';
import { schemes } from './auth/schemes.ts';
import { refuseByStanding } from './auth/standing.ts';
import { bodyReader } from './body/body-reader.ts';
import { ClientGone } from './body/raw.ts';
import type { Auth, Call, Endpoint, RequestMeta } from './endpoint.ts';
import type { Gate } from './gate.ts';
import {
  badJson,
  invalidParam,
  type MatrixError,
  missingParam,
  refuseWhoMustWait,
} from './matrix-error.ts';
import { parseQuery } from './query.ts';
import { subscriberOf } from './rate-limits.ts';
import type { Found } from './routes.ts';
import { jsonAnswer } from './write-answer.ts';

// biome-ignore lint/suspicious/noExplicitAny: as in Endpoint: its own types are of no interest here.
type AnyCall = Call<any, any, any, any, any>;

export interface Incoming {
  readonly request: Request;
  readonly response: Response;
  readonly meta: RequestMeta;
}

/** The life of a request between the router and its handler. */
export function runEndpoint<Ports>(
  found: Found<Ports>,
  incoming: Incoming,
  gate: Gate<Ports>,
): Promise<Answer | object> {
  const answer =
    found.endpoint.idempotency === 'request'
      ? runOnceByRequest(found, incoming, gate)
      : runFor(found, incoming, gate, undefined);
  return answer.then((each) => withinDeadline(each, found.endpoint, gate));
}

function withinDeadline<Ports>(
  answer: Answer | object,
  { servedBy, idempotency }: Endpoint<Ports>,
  gate: Gate<Ports>,
): Answer | object {
  if (servedBy === 'any' || gate.mayAnswer()) return answer;
  // The deadline has passed while the handler ran. What is harmless twice is asked for again at the
  // next writer; of the rest nobody may say that it was not executed.
  if (idempotency === 'natural') throw new NotWriter('The deadline passed');
  throw new OutcomeUnknown('The deadline passed before the answer was sent');
}

/**
 * The repeat is recognized before authentication: that of POST /logout comes with a token which
 * the first run has taken away, and must not be told so (D6). Only a front's id is worth a look-up.
 */
function runOnceByRequest<Ports>(found: Found<Ports>, incoming: Incoming, gate: Gate<Ports>) {
  if (!gate.behindFront) return runFor(found, incoming, gate, notKept);
  const key: OnceKey = { kind: 'request', requestId: incoming.meta.id };
  return runOnce(gate, key, incoming.request, (once) => runFor(found, incoming, gate, once));
}

async function runOnce<Ports>(
  gate: Gate<Ports>,
  key: OnceKey,
  request: Request,
  attempt: (once: Once) => Promise<Answer | object>,
): Promise<Answer | object> {
  for (;;) {
    try {
      return answerOf(await gate.outcomes.run(key, attempt));
    } catch (error) {
      // It had joined a run that broke off with its connection, in the middle of its body. This one has its own.
      if (!(error instanceof ClientGone) || request.destroyed) throw error;
    }
  }
}

const answerOf = (told: Told<Answer | object>): Answer | object =>
  told.kind === 'ran' ? told.answer : toldAgain(told.outcome);

const toldAgain = ({ status, body }: Outcome): Answer =>
  body instanceof WholeAnswer
    ? new Answer(status, body.headers, body.text)
    : jsonAnswer(status, body);

async function runFor<Ports>(
  { endpoint, path: segments }: Found<Ports>,
  { request, response, meta }: Incoming,
  gate: Gate<Ports>,
  once: Once | undefined,
): Promise<Answer | object> {
  const rawQuery = parseQuery(request.url);
  const readBody = bodyReader(endpoint, request);
  const scheme = schemes[endpoint.auth as Auth];
  const address = subscriberOf(meta.address);
  const unproved = { request, query: rawQuery, meta, body: readBody };
  // What is read and written to find out who calls is on behalf of whoever claims it.
  const caller: Caller | undefined = await onBehalfOf(address, () => scheme(unproved, gate));
  if (caller) refuseByStanding(caller, endpoint.standing ?? 'suspended');
  const subscriber = caller ? subscriberIn(caller) : address;
  if (caller && gate.behindFront) response.setHeader('x-farol-user', asHeader(subscriber));
  refuseWhoMustWait(gate.rateLimits.take(endpoint.rateLimit, subscriber, caller && rateOf(caller)));

  const path = endpoint.path && parse(endpoint.path, segments, invalidParam);
  const query = endpoint.query && parse(endpoint.query, rawQuery, wrongParam);
  const raw = endpoint.body && (await readBody()).value;
  const body = parsedBody(endpoint, raw, request);
  const given = { caller, path, query, body, request: meta };
  const handle = (proof: Proof, kept: Once | undefined) => {
    const isCommit = endpoint.idempotency === 'txnId' || once !== undefined;
    const call = new IncomingCall({ ...given, proof }, kept, isCommit ? undefined : response);
    return onBehalfOf(subscriber, () => endpoint.handle(call, gate.ports));
  };
  if (endpoint.uia) {
    const uia = uiaRequest(endpoint, given, raw, pathOf(request.url));
    return runProved(endpoint, given, { uia, once: once ?? notKept, gate, handle });
  }
  if (endpoint.idempotency !== 'txnId' || !caller) return handle(nothingProved, once);
  const key = transactionKey(endpoint, caller, segments, request);
  return runOnce(gate, key, request, (kept) => handle(nothingProved, kept));
}

/** Ids that were given out by other servers' rules may hold any character. */
const asHeader = (userId: string): string => encodeURIComponent(userId.toWellFormed());

/** Almost no handler asks for the signal, so it is made only for those that do. */
class IncomingCall implements AnyCall {
  readonly caller: AnyCall['caller'];
  readonly path: AnyCall['path'];
  readonly query: AnyCall['query'];
  readonly body: AnyCall['body'];
  readonly proof: AnyCall['proof'];
  readonly request: AnyCall['request'];
  readonly once: AnyCall['once'];
  readonly #response: Response | undefined;

  /** Without a response the signal never ends: a commit is never aborted. */
  constructor(
    given: Omit<AnyCall, 'once' | 'signal'>,
    once: Once | undefined,
    response: Response | undefined,
  ) {
    this.caller = given.caller;
    this.path = given.path;
    this.query = given.query;
    this.body = given.body;
    this.proof = given.proof;
    this.request = given.request;
    this.once = once;
    this.#response = response;
  }

  get signal(): AbortSignal {
    return this.#response ? goneSignal(this.#response) : NEVER;
  }
}

function uiaRequest<Ports>(
  { operation }: Endpoint<Ports>,
  { caller, request, query }: Pick<AnyCall, 'caller' | 'request' | 'query'>,
  raw: JsonValue | undefined,
  path: string,
): UiaRequest {
  const { auth, ...parameters } = isObject(raw) ? raw : {};
  if (auth !== undefined && !isObject(auth)) throw badJson('auth must be an object');
  const address = subscriberOf(request.address);
  const asked = query === undefined ? path : `${path}?${JSON.stringify(query)}`;
  const person = caller && isPerson(caller) ? caller : undefined;
  return { operation, path: asked, parameters, caller: person, auth, address };
}

interface Proving<Ports> {
  readonly uia: UiaRequest;
  readonly once: Once;
  readonly gate: Gate<Ports>;
  readonly handle: (proof: Proof, once: Once) => Promise<Answer | object>;
}

/**
 * Whoever did not hear how it ended tries again with the same session, and is told: asked for first,
 * since what the first run did (a name that is taken now) may stand against its repeat.
 */
async function runProved<Ports>(
  endpoint: Endpoint<Ports>,
  call: Pick<AnyCall, 'caller' | 'path' | 'query' | 'body'>,
  { uia, once, gate, handle }: Proving<Ports>,
): Promise<Answer | object> {
  const { interact, outcomes, ports } = gate;
  const act = async (prove: (flows: UiaFlows) => Promise<Proof>, kept: Once) => {
    const flows = await endpoint.uia?.(call, ports);
    // What needs no proof spends no session.
    return flows ? handle(await prove(flows), kept) : handle(nothingProved, once);
  };
  const prove = (flows: UiaFlows) => interact.prove(uia, flows);
  const session = interact.sessionOf(uia);
  if (!session) return act(prove, once);
  const told = await outcomes.runInSession(session, (kept) => act(prove, both(kept, once)));
  if (told.kind === 'spent') return act((flows) => interact.beginAnew(uia, flows), once);
  return answerOf(told);
}

/** The raw path, so that two rooms' `t1` are two transactions. */
const transactionKey = <Ports>(
  { operation }: Endpoint<Ports>,
  caller: Caller,
  segments: Readonly<Record<string, string>>,
  request: Request,
): OnceKey => {
  const txnId = segments.txnId!;
  // Servers number all that they send, whatever it is.
  if (caller.kind === 'server') return { kind: 'transaction', origin: caller.origin, txnId };
  const userId = subscriberIn(caller);
  const deviceId = isPerson(caller) ? caller.deviceId : undefined;
  const path = pathOf(request.url);
  if (deviceId !== undefined) return { kind: 'txn', userId, deviceId, operation, path, txnId };
  // Two services may act for one user, and number what they send each for itself.
  const service = 'service' in caller ? caller.service?.id : undefined;
  return { kind: 'txn', userId, deviceId: '', service, operation, path, txnId };
};

export const pathOf = (url: string): string => {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
};

function parsedBody<Ports>(
  { body }: Endpoint<Ports>,
  raw: JsonValue | undefined,
  request: Request,
) {
  if (!body) return undefined;
  if ('stream' in body) return body.stream(request);
  return 'form' in body ? parse(body.form, raw, wrongParam) : parse(body.json, raw, badJson);
}

const NEVER = new AbortController().signal;

function goneSignal(response: Response): AbortSignal {
  const gone = new AbortController();
  // With a reason of its own: without one each request makes an exception with a stack.
  if (response.destroyed) gone.abort('gone');
  else response.once('close', () => gone.abort('gone'));
  return gone.signal;
}

function parse<T>(
  schema: z.core.$ZodType<T>,
  value: unknown,
  refusal: (message: string, value: unknown, issue: z.core.$ZodIssue) => MatrixError,
): T {
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  throw refusal(`${where}${issue.message}`, value, issue);
}

function wrongParam(message: string, value: unknown, issue: z.core.$ZodIssue): MatrixError {
  const key = issue.path[0];
  const isThere = typeof key === 'string' && Object.hasOwn(value as object, key);
  return isThere ? invalidParam(message) : missingParam(message);
}
