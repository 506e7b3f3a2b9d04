import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import type { Event } from '../../protocol/event.ts';
import type { EventId } from '../../protocol/identifiers.ts';
import type { RoomEvent } from '../room-event.ts';
import type { StoredRelation } from '../store.ts';

/** What a kind of event needs besides: found on the room as it is when the event is built. */
export interface Preparation {
  /**
   * Throws where the wish is refused for a reason that the auth rules do not know. Answers the event
   * by which the room already is as wished: no other is made then.
   */
  check?(state: AuthState): EventId | undefined;
  /** The event that the new one redacts, as it will be seen. */
  redacted?(event: Event): RoomEvent | undefined;
  /** How that one relates to another. */
  readonly unrelated?: StoredRelation | undefined;
}
