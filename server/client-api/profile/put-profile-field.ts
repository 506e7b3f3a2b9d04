import type { Profiles } from '../../accounts/profiles.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonValue } from '../../protocol/json.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { isInMemberships, refuseWrongValue } from './profile-field.ts';

export interface ProfilePorts {
  readonly profiles: Pick<Profiles, 'set' | 'remove'>;
  readonly rooms: Pick<Rooms, 'spreadProfile'>;
}

/** An empty name or picture is how clients of before DELETE take it away. */
export async function putProfileField(
  { profiles, rooms }: ProfilePorts,
  userId: UserId,
  field: string,
  value: JsonValue,
): Promise<void> {
  refuseWrongValue(field, value);
  const spread = spreadOf(rooms, userId, field);
  if (value === '' && spread) await profiles.remove(userId, field, spread);
  else await profiles.set(userId, field, value, spread);
}

/** What a change of the field brings into rooms, if anything. */
export const spreadOf = (rooms: ProfilePorts['rooms'], userId: UserId, field: string) =>
  isInMemberships(field) ? () => rooms.spreadProfile(userId) : undefined;
