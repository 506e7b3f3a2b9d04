import type { RoomId, ServerName, UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';

export type Membership = 'join' | 'invite' | 'knock' | 'leave' | 'ban';

export const KINDS: readonly Membership[] = ['join', 'invite', 'knock', 'leave', 'ban'];

/** Undefined for what is no membership: such an event is refused by the auth rules. */
export const membershipOf = (text: unknown): Membership | undefined =>
  KINDS.find((kind) => kind === text);

/** What users of a server that is not in the room do through one that is. */
export type Passage = 'join' | 'leave' | 'knock';

export interface MembershipChange {
  readonly sender: UserId;
  readonly target: UserId;
  readonly action: 'join' | 'invite' | 'knock' | 'leave' | 'kick' | 'ban' | 'unban';
  readonly reason?: string | undefined;
  /** Servers through which a room is entered that is not here. */
  readonly via?: readonly ServerName[] | undefined;
  /** Where an application service says when it was. */
  readonly originServerTs?: number | undefined;
  /**
   * Further keys of the membership event's content, given by the client. What this server vouches
   * for (`join_authorised_via_users_server`) is taken out.
   */
  readonly content?: JsonObject | undefined;
  /**
   * What the change takes the target's membership for: if it is another by the time the event is
   * built, there is nothing to change any more and no event is made.
   */
  readonly assumes?: Membership | undefined;
  /** The server does it itself, as an account or a room comes to its end. */
  readonly isOfServer?: boolean | undefined;
}

/** One user's place in one room. Positions are of the log. */
export interface RoomMembership {
  readonly roomId: RoomId;
  readonly membership: Membership;
  /** Where the membership event stands that is current now; a new display name moves it. */
  readonly position: number;
  /** Where this kind of membership began; a new display name does not move it. */
  readonly since: number;
  readonly forgotten: boolean;
}

export interface PastMembership {
  readonly position: number;
  readonly membership: string;
}
