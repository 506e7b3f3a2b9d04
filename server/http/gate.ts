import type { Logger } from 'pino';
import type { Outcomes } from '../log/outcomes.ts';
import type { AppService } from '../protocol/app-service.ts';
import type { Person, Server, User } from '../protocol/caller.ts';
import type { InteractiveAuth } from '../protocol/interactive-auth.ts';
import type { JsonValue } from '../protocol/json.ts';
import type { XMatrix } from '../protocol/x-matrix.ts';
import type { RequestMeta } from './endpoint.ts';
import type { RateLimits } from './rate-limits.ts';

/** What clients of a server without a front may see of it; a front holds the request. */
export const NOT_SERVING =
  'This server is starting, stopping, or not the one that serves: nothing was done, try again';

/** What stands between a request and its handler, and what the handlers may use. */
export interface Gate<Ports> {
  readonly ports: Ports;
  /**
   * Who is behind the token, at once, or how to look it up where memory does not know it. Undefined
   * for an unknown token; throws what an expired one is to be told.
   */
  readonly authenticate: (
    accessToken: string,
    request: RequestMeta,
  ) => Person | undefined | (() => Promise<Person | undefined>);
  readonly appServices: {
    /** Whose token it is; undefined if it is no application service's. */
    behind(token: string): AppService | undefined;
    /** One of its users; its sender where it names none. Throws where it may not act for them. */
    actFor(
      service: AppService,
      as: { readonly userId: string | undefined; readonly deviceId: string | undefined },
    ): Promise<User>;
  };
  readonly servers: {
    /** What it claims, if it may be believed; throws where it may not. Nothing is looked up for it. */
    claimed(authorization: readonly string[]): readonly XMatrix[];
    /** Throws where no key of the server that it is said to be of has signed it. */
    prove(
      claims: readonly XMatrix[],
      request: {
        readonly method: string;
        readonly uri: string;
        readonly content: JsonValue | undefined;
        /** The same as it was sent. */
        readonly text: string | undefined;
      },
    ): Promise<Server>;
  };
  readonly interact: InteractiveAuth;
  readonly rateLimits: RateLimits;
  readonly outcomes: Outcomes;
  /** False while this server is not the writer, or past its deadline (D3.2). */
  readonly mayAnswer: () => boolean;
  readonly logger: Logger;
  /** Told of each answer, for metrics. */
  readonly onAnswered?: (answered: { operation: string; status: number; ms: number }) => void;
  /** On the cluster's listener only: believe the front's headers (request id, client address). */
  readonly behindFront: boolean;
}
