import { MatrixError } from '../../protocol/matrix-error.ts';
import {
  type RoomVersion,
  type RoomVersionRules,
  roomVersions,
  rulesOf,
} from '../../protocol/room-versions.ts';

/** Versions 1 and 2 name events in another form, and nobody should make new rooms of them. */
const isForNewRooms = (rules: RoomVersionRules): boolean => rules.eventIdForm !== 'given';

/** What the capabilities tell clients. */
export const versionsForNewRooms = (): RoomVersion[] =>
  roomVersions().filter((version) => isForNewRooms(rulesOf(version)!));

/** Throws M_UNSUPPORTED_ROOM_VERSION. */
export function supported(version: string): RoomVersionRules {
  const rules = rulesOf(version);
  if (rules && isForNewRooms(rules)) return rules;
  throw new MatrixError(
    400,
    'M_UNSUPPORTED_ROOM_VERSION',
    `This server makes no rooms of version ${version}`,
  );
}
