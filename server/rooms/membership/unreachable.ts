import { serverNameOf, type UserId } from '../../protocol/identifiers.ts';
import { forbidden } from '../../protocol/matrix-error.ts';
import type { RoomPorts } from '../ports.ts';

/** Users of other servers are not invited: without federation nobody would carry the invite over. */
export function refuseUnreachable(
  { identity, elsewhere }: Pick<RoomPorts, 'identity' | 'elsewhere'>,
  invited: readonly UserId[],
): void {
  if (elsewhere) return;
  for (const userId of invited)
    if (serverNameOf(userId) !== identity.serverName)
      throw forbidden(`This server cannot reach ${serverNameOf(userId)} yet`);
}
