import type { IncomingMessage } from 'node:http';
import type { Caller } from '../../protocol/caller.ts';
import type { Body } from '../body/body-reader.ts';
import type { RequestMeta } from '../endpoint.ts';
import type { Gate } from '../gate.ts';
import type { Query } from '../query.ts';

/** How it is found out who calls. */
export type Scheme<C extends Caller | undefined> = (
  request: Unproved,
  gate: Pick<Gate<unknown>, 'authenticate' | 'appServices' | 'servers' | 'rateLimits'>,
) => C | Promise<C>;

/** A request of which nobody knows yet who makes it. */
export interface Unproved {
  readonly request: IncomingMessage;
  readonly query: Query;
  readonly meta: RequestMeta;
  /**
   * For who signs what they send. Who comes with a token is let in, or not, before their body is
   * read: this reads it, once for all who ask.
   */
  readonly body: () => Promise<Body>;
}
