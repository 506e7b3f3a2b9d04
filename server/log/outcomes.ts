import type { SessionRequest } from '../protocol/interactive-auth.ts';
import type { JsonObject } from '../protocol/json.ts';

/** What a request that may not run twice answered. */
export interface Outcome {
  readonly status: number;
  readonly body: OutcomeBody;
  /** A hash of the one request that may be told it; absent where its key alone names the request. */
  readonly request?: string;
}

export type OutcomeBody = JsonObject | WholeAnswer;

/** Where it was no JSON: a page, a redirect, or whatever a handler of another framework said. */
export class WholeAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;

  constructor(headers: Readonly<Record<string, string>>, text: string) {
    this.headers = headers;
    this.text = text;
  }
}

/** The outcome as it goes into the change of its request. Made by `Once` only. */
export interface OutcomeRow {
  readonly key: Buffer;
  readonly status: number;
  /** As `outcome-body.ts` writes it; for a secret body encrypted with the cluster's secret. */
  readonly body: Buffer;
  readonly secret: boolean;
  readonly keptMs: number;
  readonly outcome: Outcome;
  /** The same outcome under a second name. */
  readonly also?: OutcomeRow | undefined;
}

/** Handed to a handler: it puts `once.outcome(200, body)` into its change. */
export interface Once {
  /** `secret` for bodies with tokens in them: encrypted at rest. Undefined where nothing is to be kept. */
  outcome(
    status: number,
    body: OutcomeBody,
    options?: { secret?: boolean },
  ): OutcomeRow | undefined;
}

/** What tells one request from another. Two users' `PHONE`/`t1` are two requests. */
export type OnceKey =
  | {
      kind: 'txn';
      userId: string;
      deviceId: string;
      /** The application service that acts for the user, where it names no device. */
      service?: string | undefined;
      operation: string;
      path: string;
      txnId: string;
    }
  /** What another server sends is named by that server alone. */
  | { kind: 'transaction'; origin: string; txnId: string }
  /** The front's own id of the request, unique over all fronts. */
  | { kind: 'request'; requestId: string };

export type Told<T> =
  | { readonly kind: 'ran'; readonly answer: T }
  | { readonly kind: 'repeat'; readonly outcome: Outcome };

export interface Outcomes {
  /**
   * Answers from the outcome of an earlier run of the same request, joins the one in flight, or
   * runs it. A run that fails leaves no outcome; those who joined it fail with it.
   */
  run<T extends object>(key: OnceKey, attempt: (once: Once) => Promise<T>): Promise<Told<T>>;

  /**
   * The same by a session of interactive auth, which acts once. `spent` if it has acted for another
   * request: a session stands in addresses, and whoever has read it there may not know the outcome.
   */
  runInSession<T extends object>(
    of: SessionRequest,
    attempt: (once: Once) => Promise<T>,
  ): Promise<Told<T> | { readonly kind: 'spent' }>;
}

/** A request that has two names leaves its outcome under both. */
export const both = (one: Once, other: Once | undefined): Once => ({
  outcome(status, body, options) {
    const row = one.outcome(status, body, options);
    const also = other?.outcome(status, body, options);
    return row ? { ...row, also } : also;
  },
});

/** For an endpoint that says more than what its feature leaves: the repeat is told that, too. */
export const alsoTelling = (once: Once, more: JsonObject): Once => ({
  outcome: (status, body, options) =>
    once.outcome(status, body instanceof WholeAnswer ? body : { ...body, ...more }, options),
});

/** Under all its names. */
export const namesOf = (outcome: OutcomeRow | undefined): readonly OutcomeRow[] =>
  outcome ? [outcome, ...namesOf(outcome.also)] : [];

/** For tests and for requests that carry no key: nothing is kept. */
export const notKept: Once = { outcome: () => undefined };
