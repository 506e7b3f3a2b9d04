import type { PlacedRecord } from '../../log/change.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { RoomMembership } from '../../rooms/membership/membership.ts';
import type { ActiveUser } from '../active/active-user.ts';

/** Who asks behind what, whatever the protocol that they speak. */
export interface Question {
  readonly userId: UserId;
  readonly deviceId: string;
  /** Undefined where the client knows nothing, or nothing that holds. */
  readonly told: Told | undefined;
  /** Of all rooms, also where only changes were due. */
  readonly all: boolean;
}

/** What the client has been told before. */
export interface Told {
  readonly position: number;
  /** Undefined in the time of another writer: what was typed then is not known any more. */
  readonly ephemeral: number | undefined;
  /** When the client was last told, somebody was typing: it has to be told that they stopped. */
  readonly typingShown: boolean;
}

/** What there is at one moment, and what of it the client does not know. */
export interface Occasion {
  readonly question: Question;
  readonly upTo: number;
  /** The user's rooms as they were committed at `upTo`. */
  readonly memberships: ReadonlyMap<RoomId, RoomMembership>;
  /** Undefined where memory does not reach back to what was told. */
  readonly records: readonly PlacedRecord[] | undefined;
  /** Undefined where the user was not in memory before, so that nothing was noted for them. */
  readonly known: ActiveUser | undefined;
}
