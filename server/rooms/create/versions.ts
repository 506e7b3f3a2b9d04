import {
  type RoomVersion,
  type RoomVersionRules,
  roomVersions,
  rulesOf,
} from '../../protocol/room-versions.ts';

/** Versions 1 and 2 name events in another form, and nobody should make new rooms of them. */
export const isForNewRooms = (rules: RoomVersionRules): boolean => rules.eventIdForm !== 'given';

/** What the capabilities tell clients. */
export const versionsForNewRooms = (): RoomVersion[] =>
  roomVersions().filter((version) => isForNewRooms(rulesOf(version)!));
