import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

/**
 * What other servers are asked about rooms that they share with us. What they say is proved by nothing yet. Undefined where a
 * server will not say; 'not now' where it does not answer in time, or has too much to do.
 */
export interface AskServers {
  missingEvents(
    server: ServerName,
    asked: {
      readonly roomId: RoomId;
      /** Those whose predecessors are wanted. */
      readonly latest: readonly EventId[];
      /** Behind which there is nothing to be told. */
      readonly earliest: readonly EventId[];
      /** Of less depth nothing is wanted. */
      readonly minDepth: number;
      readonly limit: number;
      readonly withinMs: number;
    },
  ): Promise<readonly JsonObject[] | 'not now' | undefined>;

  /** The state before an event, and what authorizes it. */
  stateIds(
    server: ServerName,
    asked: { readonly roomId: RoomId; readonly eventId: EventId; readonly withinMs: number },
  ): Promise<StateIds | 'not now' | undefined>;

  event(
    server: ServerName,
    asked: { readonly eventId: EventId; readonly withinMs: number },
  ): Promise<EventTold>;

  /** These events and those before them. */
  backfill(
    server: ServerName,
    asked: {
      readonly roomId: RoomId;
      readonly from: readonly EventId[];
      readonly limit: number;
      readonly withinMs: number;
    },
  ): Promise<readonly JsonObject[] | undefined>;
}

/** What a server says to be without, or not to tell us, is another thing than what it does not tell now. */
export type EventTold =
  | { readonly kind: 'told'; readonly pdu: JsonObject }
  | { readonly kind: 'not there' }
  | { readonly kind: 'not now'; readonly retryMs: number };

export interface StateIds {
  readonly state: readonly EventId[];
  readonly authChain: readonly EventId[];
}
