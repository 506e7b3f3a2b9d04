import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import type { RoomPorts } from '../ports.ts';

/** What membership events repeat of a profile. The rest of it is nobody's who does not ask. */
export async function shownProfile(
  { profileOf }: Pick<RoomPorts, 'profileOf'>,
  userId: UserId,
): Promise<JsonObject> {
  const { displayname, avatar_url } = await profileOf(userId);
  return {
    ...(displayname !== undefined && { displayname }),
    ...(avatar_url !== undefined && { avatar_url }),
  };
}
