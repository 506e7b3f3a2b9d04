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
  if (value === '' && isInMemberships(field)) await profiles.remove(userId, field);
  else await profiles.set(userId, field, value);
  if (isInMemberships(field)) await rooms.spreadProfile(userId);
}
