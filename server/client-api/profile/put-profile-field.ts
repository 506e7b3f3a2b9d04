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
  const isSpread = isInMemberships(field);
  const spread = isSpread ? () => rooms.spreadProfile(userId) : undefined;
  if (value === '' && isSpread) await profiles.remove(userId, field, spread);
  else await profiles.set(userId, field, value, spread);
}
