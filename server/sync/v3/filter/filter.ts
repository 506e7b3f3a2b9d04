import type { JsonObject, JsonValue } from '../../../protocol/json.ts';
import {
  booleanOf,
  type EventFilter,
  eventFilter,
  objectOf,
  roomsOf,
  stringsOf,
} from './event-filter.ts';
import { InvalidFilter } from './invalid-filter.ts';

/**
 * A `Filter` of the specification, ready to be asked. `event_fields` is not applied, as the
 * specification lets a server send more fields than were asked for: to cut them out would mean
 * making every event's JSON once more for every reader.
 */
export interface Filter {
  /** Events as servers send them to each other, signatures and all. */
  readonly federationFormat: boolean;
  readonly presence: EventFilter;
  readonly accountData: EventFilter;
  readonly room: RoomFilter;
}

export interface RoomFilter {
  readonly includeLeave: boolean;
  readonly timeline: EventFilter;
  readonly state: EventFilter;
  readonly ephemeral: EventFilter;
  readonly accountData: EventFilter;
  admitsRoom(roomId: string): boolean;
}

/** Throws `InvalidFilter`: the one check of all filters, those that are stored and those that are not. */
export function parseFilter(json: JsonObject): Filter {
  const room = objectOf(json.room, 'room');
  stringsOf(json, 'event_fields');
  return {
    federationFormat: isFederation(json.event_format),
    presence: eventFilter(json.presence),
    accountData: eventFilter(json.account_data),
    room: {
      includeLeave: booleanOf(room, 'include_leave') ?? false,
      timeline: eventFilter(room.timeline),
      state: eventFilter(room.state),
      ephemeral: eventFilter(room.ephemeral),
      accountData: eventFilter(room.account_data),
      admitsRoom: roomsOf(room),
    },
  };
}

function isFederation(format: JsonValue | undefined): boolean {
  if (format === undefined || format === null || format === 'client') return false;
  if (format !== 'federation') throw new InvalidFilter('event_format must be client or federation');
  return true;
}
