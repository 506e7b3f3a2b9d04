import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import { invalidParam } from '../../protocol/matrix-error.ts';
import type { NewRoom } from '../create/new-room.ts';
import { changeMembership } from '../membership/change-membership.ts';
import type { Building } from '../write/building.ts';

/** Each is one question of another server, for which whoever makes the room waits. */
const OTHERS_MAX = 20;

export function refuseManyOthers(others: readonly UserId[]): void {
  if (others.length > OTHERS_MAX)
    throw invalidParam(
      `At most ${OTHERS_MAX} users of other servers are invited as a room is made`,
    );
}

/** The room is there, whomever of them it could reach: whoever made it sees who is invited, and may ask again. */
export async function inviteOthers(
  building: Building,
  roomId: RoomId,
  { creator, room, others }: { creator: UserId; room: NewRoom; others: readonly UserId[] },
): Promise<void> {
  const content = room.is_direct ? { is_direct: true } : {};
  const failed: string[] = [];
  for (const target of others) {
    const change = { sender: creator, target, action: 'invite', content } as const;
    await changeMembership(building, roomId, change, {}).catch((error: unknown) => {
      failed.push(`${target} (${error instanceof Error ? error.message : error})`);
    });
  }
  if (failed.length > 0)
    building.ports.onError?.(
      new Error(`Into ${roomId} its creator ${creator} could not invite: ${failed.join('; ')}`),
    );
}
