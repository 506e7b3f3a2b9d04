import type { UserId } from '../../protocol/identifiers.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { RoomPorts } from '../ports.ts';

/** Who wants no invites is sent none (client-server API, "Invite permission"). */
export async function refuseBlocking(
  { blockingInvites, noticesFrom }: Pick<RoomPorts, 'blockingInvites' | 'noticesFrom'>,
  { by, invited }: { by: UserId; invited: readonly UserId[] },
): Promise<void> {
  if (invited.length === 0 || blockingInvites === undefined || by === noticesFrom) return;
  const [first] = await blockingInvites(invited);
  if (first) throw new MatrixError(403, 'M_INVITE_BLOCKED', `${first} wants no invites`);
}
