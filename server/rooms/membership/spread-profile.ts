import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { Building } from '../write/building.ts';
import { changeMembership } from './change-membership.ts';
import type { MembershipChange } from './membership.ts';
import { shownProfile } from './shown-profile.ts';

/** So many rooms go into one batch of the log; more would hold up everybody else's. */
const ROOMS_AT_ONCE = 50;

/**
 * Repeats a user's profile in their membership event of every room that they are in. The list of
 * rooms is of now, and each event is built later: whoever was put out of a room meanwhile is not
 * brought in again. What one room's rules refuse says nothing about the others.
 */
export async function spreadProfile(building: Building, userId: UserId): Promise<void> {
  const content = await shownProfile(building.ports, userId);
  const own = await building.userRooms.of(userId);
  const joined = [...own.values()].filter(({ membership }) => membership === 'join');
  const change: MembershipChange = {
    sender: userId,
    target: userId,
    action: 'join',
    content,
    assumes: 'join',
  };
  for (let at = 0; at < joined.length; at += ROOMS_AT_ONCE)
    await Promise.all(
      joined.slice(at, at + ROOMS_AT_ONCE).map(({ roomId }) => tell(building, roomId, change)),
    );
}

async function tell(building: Building, roomId: RoomId, change: MembershipChange): Promise<void> {
  try {
    await changeMembership(building, roomId, change, {});
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
  }
}
