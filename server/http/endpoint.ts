import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Once } from '../log/outcomes.ts';
import type { Admin, Person, Server, Service, User } from '../protocol/caller.ts';
import type { Proof, UiaFlows } from '../protocol/interactive-auth.ts';
import type { Answer } from './answer.ts';
import { type Streamed, streamOf } from './body/stream.ts';
import type { Representation } from './representation.ts';

/** Who may call, and therefore what the handler is told about the caller. How it is found out: `auth/`. */
export interface CallerOf {
  nobody: undefined;
  /** As nobody, but an application service is known as such. */
  anybody: Service | undefined;
  user: User;
  /** As `user`, or without a token nobody; one that is none is refused. */
  optional: User | undefined;
  guest: Person;
  admin: Admin;
  service: Service;
  server: Server;
}
export type Auth = keyof CallerOf;

/** Which bucket of the configuration a request draws from. */
export type RateLimit =
  | 'none'
  | 'read'
  | 'write'
  | 'sync'
  | 'wholeSync'
  | 'preview'
  | 'mail'
  | 'login'
  | 'registration';

/**
 * What happens when the same request arrives again.
 * - `natural`: running it twice does no harm; it reads, or puts the same thing in the same place.
 * - `txnId`: the path has a `{txnId}`, and (user, device, operation, path, txnId) names the request.
 * - `request`: the front's request id names it (D6); for what is not idempotent and has no txnId.
 *
 * For the last two the handler gets `once`, and must put `once.outcome(status, body)` into the same
 * change as its effect: a repeat is then answered without running.
 */
export interface OnceOf {
  natural: undefined;
  txnId: Once;
  request: Once;
}
export type Idempotency = keyof OnceOf;

export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE';
/** As the specification writes it: `PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}`. */
export type Route = `${Method} /${string}`;

export interface RequestMeta {
  /** In the logs, and the key of `request` idempotency. From the front, or made up here. */
  readonly id: string;
  /** The client's IP address, as far as it can be trusted. */
  readonly address: string;
  readonly userAgent: string | undefined;
  readonly cookies: string | undefined;
  /** Whose page led a browser here, as it says itself (`Sec-Fetch-Site`); undefined of those that say nothing. */
  readonly fetchSite: string | undefined;
}

export interface Call<A extends Auth, P, Q, B, I extends Idempotency> {
  readonly caller: CallerOf[A];
  readonly path: P;
  readonly query: Q;
  readonly body: B;
  readonly once: OnceOf[I];
  /** What the stages of interactive auth proved. Empty for an endpoint without `uia`. */
  readonly proof: Proof;
  readonly request: RequestMeta;
  /** Ends when the client has gone. For reads and long polls only: a commit is never aborted. */
  readonly signal: AbortSignal;
}

export interface JsonBody<B> {
  readonly json: z.core.$ZodType<B>;
  /** JSON_BODY_BYTES_MAX unless told. */
  readonly bytesMax?: number;
  /** An empty body stands for `{}`: real clients send none to POST /logout and the like. */
  readonly mayBeEmpty?: boolean;
  /** Of other servers: the lists in it whose entries are bounded, and left out, each for itself. */
  readonly inParts?: readonly string[];
}

/** What a page's form sends: text by name, as a query has it. */
export interface FormBody<B> {
  readonly form: z.core.$ZodType<B>;
  /** FORM_BODY_BYTES_MAX unless told. */
  readonly bytesMax?: number;
}

/** Handed to the handler as it comes: it says how much it takes when it reads it, and keeps what it stores of it. */
export interface StreamBody<B> {
  readonly stream: (request: IncomingMessage) => B;
}

export const STREAM: StreamBody<Streamed> = { stream: streamOf };

export const FORM_BODY_BYTES_MAX = 65_536;
export const JSON_BODY_BYTES_MAX = 1_048_576;

/**
 * Which servers answer.
 * - `writer`: it rests on what is committed, and only the writer knows what is.
 * - `any`: it says what is in the program and its configuration, to nobody in particular. It goes on
 *   while there is no writer.
 */
export type ServedBy = 'writer' | 'any';

/**
 * The worst standing of an account with which its user may call (client-server API, "Account
 * suspension", "Account locking"). Whoever is suspended reads, and does nothing that others see.
 */
export type Standing = 'active' | 'suspended' | 'locked';

interface Definition<A extends Auth, P, Q, B, I extends Idempotency, Ports> {
  /** The `operationId` that the specification gives this endpoint. */
  readonly operation: string;
  /** All paths it is served under: v3, and r0 or unstable where real clients still use them. */
  readonly routes: readonly Route[];
  readonly auth: A;
  readonly rateLimit: RateLimit;
  readonly idempotency: I;
  /** `writer` unless told: who else may be asked, now and past the writer's deadline. */
  readonly servedBy?: ServedBy;
  /** `suspended` unless told. */
  readonly standing?: Standing;
  /** Must name every parameter of the routes. */
  readonly path?: z.core.$ZodType<P>;
  readonly query?: z.core.$ZodType<Q>;
  readonly body?: JsonBody<B> | FormBody<B> | StreamBody<B>;
  /**
   * The flows that the caller must complete first, by what it asks for; undefined for none. A session
   * acts once, so what it did must be kept.
   */
  readonly uia?: I extends 'request'
    ? (
        call: Pick<Call<A, P, Q, B, I>, 'caller' | 'path' | 'query' | 'body'>,
        ports: Ports,
      ) => Promise<UiaFlows | undefined>
    : never;
  /** An object is answered as JSON with status 200. */
  readonly handle: (
    call: Call<A, P, Q, B, I>,
    ports: Ports,
  ) => Promise<object | Answer | Representation>;
}

/** A definition whose types are no longer of interest: what the router and the tests list. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where an endpoint's own types end.
export type Endpoint<Ports> = Definition<any, any, any, any, any, Ports>;

export function endpoint<
  A extends Auth,
  I extends Idempotency,
  P = undefined,
  Q = undefined,
  B = undefined,
  Ports = object,
>(definition: Definition<A, P, Q, B, I, Ports>): Endpoint<Ports> {
  return definition;
}
