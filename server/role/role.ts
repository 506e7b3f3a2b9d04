import { Deadline } from '../log/deadline.ts';

export type RoleName = 'follower' | 'taking-over' | 'writer' | 'stopping';

/** What the agent says, at least every second. */
export type Assignment =
  | {
      readonly role: 'writer';
      /** The create revision of the leader key, which names this term; decimal int64. */
      readonly leaderRevision: string;
      /** Until when clients may be answered, in milliseconds of CLOCK_BOOTTIME. */
      readonly deadlineMs: number;
    }
  | { readonly role: 'follower' };

export interface Term {
  readonly leaderRevision: string;
  readonly deadline: Deadline;
  /** Ends when the role is taken back before the takeover is done. */
  readonly signal: AbortSignal;
}

export interface RoleOptions {
  /** Resolves when the gate is open. A failure leaves a follower that may try again. */
  readonly becomeWriter: (term: Term) => Promise<void>;
  /** Crash-only (D3): the program ends, and its supervisor starts it again as a follower. */
  readonly end: (why: string) => void;
}

/**
 * This server's part in the cluster:
 *
 *     follower ──writer──▶ taking-over ──takeover confirmed──▶ writer
 *        ▲                     │ refused                         │
 *        └─────────────────────┘            follower, new term ──┴──▶ the program ends
 *
 * There is no way back from writer: memory that was built on unconfirmed batches goes with the
 * process.
 */
export class Role {
  readonly #options: RoleOptions;
  #name: RoleName = 'follower';
  #term: { leaderRevision: string; deadline: Deadline; stop: AbortController } | undefined;
  #why: string | undefined;

  constructor(options: RoleOptions) {
    this.#options = options;
  }

  get name(): RoleName {
    return this.#name;
  }

  /** Why the last takeover came to nothing, for the operator. */
  get why(): string | undefined {
    return this.#why;
  }

  assign(assignment: Assignment) {
    if (this.#name === 'stopping') return;
    if (assignment.role === 'follower') {
      if (this.#term) this.stop('the agent took the role of the writer back');
      return;
    }
    const { leaderRevision, deadlineMs } = assignment;
    if (!this.#term) return this.#begin(leaderRevision, deadlineMs);
    if (this.#term.leaderRevision === leaderRevision) return this.#term.deadline.renew(deadlineMs);
    this.stop(`a new term began (${leaderRevision} after ${this.#term.leaderRevision})`);
  }

  stop(why: string) {
    if (this.#name === 'stopping') return;
    this.#name = 'stopping';
    this.#why = why;
    this.#term?.stop.abort(new Error(why));
    this.#options.end(why);
  }

  #begin(leaderRevision: string, deadlineMs: number) {
    const term = {
      leaderRevision,
      deadline: new Deadline(deadlineMs),
      stop: new AbortController(),
    };
    this.#term = term;
    this.#name = 'taking-over';
    this.#why = undefined;
    this.#options.becomeWriter({ ...term, signal: term.stop.signal }).then(
      () => {
        if (this.#name === 'taking-over') this.#name = 'writer';
      },
      (error: unknown) => {
        if (this.#name !== 'taking-over') return;
        this.#name = 'follower';
        this.#term = undefined;
        this.#why = error instanceof Error ? error.message : String(error);
      },
    );
  }
}
