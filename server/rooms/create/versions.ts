import { MatrixError } from '../../protocol/matrix-error.ts';
import { type RoomVersionRules, rulesOf } from '../../protocol/room-versions.ts';

/** Throws M_UNSUPPORTED_ROOM_VERSION. */
export function supported(version: string): RoomVersionRules {
  const rules = rulesOf(version);
  if (rules) return rules;
  throw new MatrixError(
    400,
    'M_UNSUPPORTED_ROOM_VERSION',
    `This server makes no rooms of version ${version}`,
  );
}
