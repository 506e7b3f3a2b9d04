import type { ServerName } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { Pdu } from './pdu.ts';
import type { Complaints } from './transaction.ts';

/**
 * It may lie with what was sent, and not with who or when: also 401, where the other side writes something of it in
 * another way before it checks the signature. Whether it does is asked with nothing in it.
 */
export const isOfContent = (error: unknown): error is MatrixError =>
  error instanceof MatrixError &&
  error.status >= 400 &&
  error.status < 500 &&
  !OF_THE_TIME.has(error.status);

/** Request Timeout, Too Early, Too Many Requests. */
const OF_THE_TIME: ReadonlySet<number> = new Set([408, 425, 429]);

/** In a line of the log. What it says of events that it was not sent is no matter of ours. */
export function notTaken(
  server: ServerName,
  pdus: readonly Pdu[],
  complaints: Complaints,
): string | undefined {
  const sent = new Set<string>(pdus.map(({ eventId }) => eventId));
  const about = complaints.filter(({ eventId }) => sent.has(eventId));
  const [first] = about;
  if (first === undefined) return undefined;
  const others = about.length === 1 ? '' : ` and ${about.length - 1} more`;
  return `${server} does not take ${first.eventId}${others}: ${first.error}`;
}

/** In a line of the log, where nothing belongs of what people write to each other. */
export function eduNamed(text: string): string {
  const { edu_type } = JSON.parse(text) as { readonly edu_type: string };
  return `an EDU ${edu_type} of ${Buffer.byteLength(text)} bytes`;
}
