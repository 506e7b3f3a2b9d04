import type { AuthState } from '../../protocol/auth-rules/verdict.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import type { RoomPorts } from '../ports.ts';
import type { MembershipChange } from './membership.ts';

/** An invite of the server itself cannot be turned down; who has come in may leave (client-server API, "Server Notices"). */
export function refuseNotices(
  { noticesFrom }: Pick<RoomPorts, 'noticesFrom'>,
  state: AuthState,
  { action, sender, target, isOfServer = false }: MembershipChange,
): void {
  if (noticesFrom === undefined || action !== 'leave' || sender !== target || isOfServer) return;
  const own = state.get('m.room.member', target);
  if (own?.sender !== noticesFrom || own.content.membership !== 'invite') return;
  const errcode = 'M_CANNOT_LEAVE_SERVER_NOTICE_ROOM';
  throw new MatrixError(403, errcode, 'What the server itself has to say cannot be turned down');
}
