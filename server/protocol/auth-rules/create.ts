import type { Event } from '../event.ts';
import { parseUserId, serverNameOf } from '../identifiers.ts';
import { type RoomVersionRules, rulesOf } from '../room-versions.ts';
import { ALLOWED, refused, type Verdict } from './verdict.ts';

/** Rule 1. It reads nothing of the room's state: the room begins with this event. */
export const checkCreate = (event: Event, rules: RoomVersionRules): Verdict => {
  const { content } = event;
  if (event.prevEvents.length > 0) {
    return refused('create.prev-events', 'a create event has no previous events');
  }
  const roomId = checkRoomId(event, rules);
  if (!roomId.allowed) return roomId;
  if (content.room_version !== undefined && !isRecognised(content.room_version)) {
    return refused('create.room-version', 'the room version is not recognised');
  }
  if (!rules.implicitRoomCreator && content.creator === undefined) {
    return refused('create.creator', 'the content has no creator');
  }
  if (rules.creatorsHaveInfinitePower && !areCreators(content.additional_creators)) {
    return refused(
      'create.additional-creators',
      'additional_creators is not an array of valid user ids',
    );
  }
  return ALLOWED;
};

/** Looked up in the event as it came: its parsed form has a room id in every version. */
const checkRoomId = (event: Event, rules: RoomVersionRules): Verdict => {
  if (rules.createIsRoomId) {
    return event.pdu.room_id === undefined
      ? ALLOWED
      : refused('create.room-id', 'a create event has no room_id: it is its own event id');
  }
  const domain = event.roomId.slice(event.roomId.indexOf(':') + 1);
  return domain === serverNameOf(event.sender)
    ? ALLOWED
    : refused('create.room-id', "the domain of the room id is not the sender's");
};

const isRecognised = (version: unknown): boolean =>
  typeof version === 'string' && rulesOf(version) !== undefined;

const areCreators = (creators: unknown): boolean =>
  creators === undefined ||
  (Array.isArray(creators) &&
    creators.every((creator) => typeof creator === 'string' && parseUserId(creator).ok));
