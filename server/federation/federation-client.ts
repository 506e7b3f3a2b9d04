import { within } from '../outward/within.ts';
import type { ServerName } from '../protocol/identifiers.ts';
import { isObject, type JsonValue } from '../protocol/json.ts';
import { MatrixError } from '../protocol/matrix-error.ts';
import type { OwnKeys } from '../protocol/server-keys.ts';
import { xMatrixHeader } from '../protocol/x-matrix.ts';
import type { Admission } from './admission.ts';
import { type AnswerForm, jsonIn } from './answer.ts';
import type { Discovery } from './discovery/discovery.ts';
import { Entering, type LargeRequest } from './large-answer.ts';
import { Patience } from './patience.ts';
import { type Reach, type Told, Unusable } from './reach.ts';

export interface FederationRequest extends AnswerForm {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly content?: JsonValue;
  /** Instead of `content`, where it is made of pieces that are canonical JSON already. */
  readonly canonicalContent?: string;
  readonly answersWithinMs?: number;
  readonly bytesMax?: number;
  readonly large?: LargeRequest | undefined;
  /** What everybody may ask, such as keys, is asked without. */
  readonly isSigned?: boolean;
}

const ANSWERS_WITHIN_MS = 20_000;
const BYTES_MAX = 10 * 1_048_576;

/** The other server was not reached, or what it said is no answer. */
export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable';
}

/** Who had less than that may have been about to answer: most of the time went by in our own queue. */
const FAIR_MS = 5_000;

/**
 * Whether it is the server that is not there for anybody, rather than one answer of it that came late, too long or in pieces:
 * no connection came about, or nothing at all in a time in which it could have answered.
 */
export function wasSilent(error: unknown, hadMs: number): error is ServerUnreachable {
  if (!(error instanceof ServerUnreachable) || error.cause instanceof Unusable) return false;
  return !wasLate(error) || hadMs >= FAIR_MS;
}

/** It may have been reached, but said nothing in its time. */
export const wasLate = ({ cause }: ServerUnreachable): boolean =>
  cause instanceof DOMException && cause.name === 'TimeoutError';

interface ClientParts {
  readonly admission: Admission;
  readonly discovery: Discovery;
  readonly reach: Reach;
  /** Whatever it is that it says. */
  readonly answered?: (server: ServerName) => void;
}

/** Asks other servers, in our name. */
export class FederationClient {
  readonly #self: { readonly serverName: ServerName; readonly ownKeys: Pick<OwnKeys, 'current'> };
  readonly #parts: ClientParts;

  constructor(
    self: { readonly serverName: ServerName; readonly ownKeys: Pick<OwnKeys, 'current'> },
    parts: ClientParts,
  ) {
    this.#self = self;
    this.#parts = parts;
  }

  /** The JSON of an answer with status 200. Throws `MatrixError` for an error of theirs, and `ServerUnreachable`. */
  async ask(server: ServerName, request: FederationRequest): Promise<JsonValue> {
    const { status, body } = await this.askForBytes(server, request);
    const json = await jsonIn(body, request);
    if (status === 200 && json !== undefined) return json;
    if (json === undefined && !isOfRequest(status)) throw noJson(server, status);
    throw errorOf(status, json);
  }

  /** Whatever the answer is. Throws `ServerUnreachable`. */
  async askForBytes(server: ServerName, request: FederationRequest): Promise<Told> {
    if (!this.#parts.admission.admits(server))
      throw new ServerUnreachable(`${server} is not among the servers that the operator lets in`);
    const { method, path, content, answersWithinMs = ANSWERS_WITHIN_MS } = request;
    const { discovery, reach } = this.#parts;
    const patience = new Patience(answersWithinMs);
    const { signal } = patience;
    const large = request.large && new Entering(request.large, patience);
    try {
      const way = await within(discovery.wayTo(server), signal);
      const told = await reach.ask(way, {
        ...{ method, path, signal, bytesMax: request.bytesMax ?? BYTES_MAX, large },
        headers: this.#headers(server, request),
        body: content === undefined ? request.canonicalContent : JSON.stringify(content),
      });
      // A proxy says 502 and the like of one that is not there.
      if (told.status < 500) this.#parts.answered?.(server);
      return told;
    } catch (cause) {
      if (large?.failure !== undefined) throw large.failure;
      discovery.forget(server);
      throw new ServerUnreachable(`${server} cannot be reached: ${(cause as Error).message}`, {
        cause,
      });
    } finally {
      patience.end();
    }
  }

  #headers(destination: ServerName, asked: FederationRequest) {
    const { method, path, content, canonicalContent, isSigned = true } = asked;
    const { serverName: origin, ownKeys } = this.#self;
    const request = { method, uri: path, origin, destination, content, canonicalContent };
    const hasBody = content !== undefined || canonicalContent !== undefined;
    return {
      ...(isSigned && { authorization: xMatrixHeader(request, ownKeys.current) }),
      ...(hasBody && { 'content-type': 'application/json' }),
    };
  }
}

/** Of a question (`catch`) that may be about what they do not know. */
export function notThere(error: unknown): undefined {
  if (error instanceof MatrixError && error.status === 404) return undefined;
  throw error;
}

/** A proxy before the other server says in its own words that it passes nothing of the kind on, such as what is too large. */
const isOfRequest = (status: number): boolean => status >= 400 && status < 500;

/** That is what a proxy says, too, behind which there is nobody. */
function noJson(server: ServerName, status: number): ServerUnreachable {
  const message = `${server} answers something that is no JSON (status ${status})`;
  const cause =
    status < 500 ? new Unusable(message) : new MatrixError(status, 'M_UNKNOWN', message);
  return new ServerUnreachable(message, { cause });
}

/** By these a client takes its own login for ended, or its account for gone: another server's word is never passed on as one. */
const OF_LOGINS: ReadonlySet<string> = new Set([
  ...['M_UNKNOWN_TOKEN', 'M_MISSING_TOKEN', 'M_USER_DEACTIVATED'],
  ...['M_USER_LOCKED', 'M_USER_SUSPENDED', 'M_CONSENT_NOT_GIVEN'],
]);

function errorOf(status: number, json: JsonValue | undefined): MatrixError {
  const { errcode, error, retry_after_ms } = isObject(json) ? json : {};
  const isTold = typeof errcode === 'string' && !OF_LOGINS.has(errcode);
  const code = isTold ? errcode : 'M_UNKNOWN';
  const message = typeof error === 'string' ? error : `Status ${status}`;
  const fields = typeof retry_after_ms === 'number' ? { retry_after_ms } : {};
  return new MatrixError(status, code, message, { fields });
}
