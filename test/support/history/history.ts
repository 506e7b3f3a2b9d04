/** What one attempt at a request came to. */
export type Outcome =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly errcode?: string;
      readonly eventId?: string;
    }
  /** No answer: the connection failed, or nothing came within the time given. */
  | { readonly kind: 'unanswered'; readonly cause: string };

/** One attempt at a request, with its times on the clock of the machine that runs the tests. */
export interface Attempt {
  readonly client: string;
  /** Where the client sends its requests: 'address', or the front of a site. */
  readonly through: string;
  readonly what: 'send' | 'sync' | 'set up';
  /** Names the request; its repeats have the same name. Sent in the message, so that it is found again. */
  readonly request: string;
  readonly attempt: number;
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly outcome: Outcome;
}

/** A message that a client was given by /sync. */
export interface Delivery {
  readonly client: string;
  readonly room: string;
  /** The server has said (`limited`) that it left messages out since the one before, in this room. */
  readonly afterGap: boolean;
  readonly request: string;
  readonly eventId: string;
  readonly at: number;
}

/** A message in the database, in the order of the log. */
export interface StoredMessage {
  readonly position: number;
  readonly room: string;
  readonly eventId: string;
  readonly request: string;
}

export class History {
  readonly attempts: Attempt[] = [];
  readonly deliveries: Delivery[] = [];
}

export function succeeded(attempt: Attempt): boolean {
  const { outcome } = attempt;
  return outcome.kind === 'answered' && outcome.status >= 200 && outcome.status < 300;
}

/** Said to have no effect, for good: a client shows its user that the message was not sent. */
export function refused({ outcome }: Attempt): boolean {
  if (outcome.kind === 'unanswered') return false;
  // Too many requests (429) asks to come again.
  return outcome.status >= 400 && outcome.status < 500 && outcome.status !== 429;
}

/** Why an attempt failed, in words to count by. */
export function causeOf({ outcome }: Attempt): string {
  if (outcome.kind === 'unanswered') return outcome.cause;
  return `${outcome.status} ${outcome.errcode ?? ''}`.trim();
}
