import type { Row } from '../log/change.ts';
import type { OutcomeRow } from '../log/outcomes.ts';
import type { EventId, UserId } from '../protocol/identifiers.ts';
import type { JsonObject } from '../protocol/json.ts';
import type { EventOrigin } from './room-event.ts';

/** An event as its sender wishes it. Everything else is the engine's to fill in. */
export interface Draft {
  readonly sender: UserId;
  readonly type: string;
  /** Present on state events only; '' is a state key like any other. */
  readonly stateKey?: string | undefined;
  readonly content: JsonObject;
  /** Of a redaction; the engine places it by room version. */
  readonly redacts?: EventId | undefined;
  /** Milliseconds since 1970, where an application service says so; else now. */
  readonly originServerTs?: number | undefined;
}

/** Which request a change comes from: what makes its repeat harmless, and its echo recognizable. */
export interface Origin<Result> {
  readonly deviceId?: string | undefined;
  readonly txnId?: string | undefined;
  /** Of an event that was delayed: its sender is told so. */
  readonly delayId?: string | undefined;
  /** Called with the result when the change is built; the row is committed with it (D6). */
  outcome?(result: Result): OutcomeRow | undefined;
  /** The same for rows that stand with it, or not at all. Only of events that are sent, and of rooms that are made. */
  rows?(result: Result): readonly Row[];
}

/** What the event's sender is told of the request. */
export function eventOriginOf({
  deviceId,
  txnId,
  delayId,
}: Origin<EventId>): EventOrigin | undefined {
  if (delayId !== undefined) return { delayId };
  return deviceId === undefined || txnId === undefined ? undefined : { deviceId, txnId };
}

/** What stands with the result of the request, or not at all. */
export const committedWith = <Result>(origin: Origin<Result>, result: Result) => ({
  outcome: origin.outcome?.(result),
  rows: origin.rows?.(result) ?? [],
});
