import type { Event } from '../../protocol/event.ts';
import type { EventId, RoomId, ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

/** Takes events of other servers into rooms that are here. */
export interface RoomReceiver {
  /**
   * Takes these PDUs of one room in, as `origin` sent them, in the order of their depth. Resolves when all that is kept of
   * them is committed; harmless when repeated. Answers one result for each, in the order given. Rejects with
   * M_NOT_FOUND for a room that is not here, and with M_LIMIT_EXCEEDED where too much of this origin waits.
   */
  receive(roomId: RoomId, pdus: readonly JsonObject[], from: Source): Promise<readonly Received[]>;

  /** Why nothing of what the server says about the room is heard: by the room's ACL, or since nobody of ours is in it. */
  whyNotFrom(roomId: RoomId, server: ServerName): Promise<string | undefined>;
}

export interface Source {
  readonly origin: ServerName;
  /** It came of its server's own accord: that must be one that may speak in the room, and we in it to judge what it says. */
  readonly isPushed?: boolean;
  /** Where it cannot be judged for now it is held, and judged when it can be. */
  readonly mayBeHeld?: boolean;
}

export type Received =
  /** It is in the room, and readers see it. Also where it was before. */
  | { readonly kind: 'accepted'; readonly event: Event }
  /** Its room's members are not here yet, or its states cannot be resolved for now: it is kept until then, and judged. */
  | { readonly kind: 'held'; readonly event: Event }
  /** The rules of the current state refuse it: it is kept and shown to nobody, though others may be built on it. */
  | { readonly kind: 'soft-failed'; readonly event: Event; readonly reason: string }
  /** The auth rules refuse it: it is kept, and shown to nobody. */
  | { readonly kind: 'rejected'; readonly event: Event; readonly reason: string }
  | Refused;

/** Nothing of it is kept. */
export interface Refused {
  readonly kind: 'refused';
  readonly eventId: EventId | undefined;
  readonly reason: string;
  /** What it follows or is authorized by, and is not here: where that comes, it may come again. */
  readonly missing?: readonly EventId[];
  /** What it rests on cannot be resolved for now, or was not looked at, since its room rests: it may be, later. */
  readonly unresolved?: 'too much' | 'not tried';
}

/** What became of an event by the room's own word. */
export type Judged = Exclude<Received, { readonly kind: 'held' }>;
