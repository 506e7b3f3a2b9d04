import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonObject } from '../../protocol/json.ts';
import { badJson } from '../../protocol/matrix-error.ts';
import type { RoomPorts } from '../ports.ts';

/** In characters. A name is repeated in every room; the limits are those of other servers. */
const LENGTHS_MAX = { displayname: 256, avatar_url: 1_000 } as const;

/**
 * What membership events repeat of a profile. The rest of it is nobody's who does not ask; and a
 * name that was stored before it had a limit is no reason why its user could enter no room.
 */
export async function shownProfile(
  { profileOf }: Pick<RoomPorts, 'profileOf'>,
  userId: UserId,
): Promise<JsonObject> {
  const { displayname, avatar_url } = await profileOf(userId);
  return Object.fromEntries(
    Object.entries({ displayname, avatar_url }).filter(
      ([field, value]) => value !== undefined && !isTooLong(field as Field, value),
    ),
  ) as JsonObject;
}

/**
 * What a client may say in a membership event: a name of one's own for one room has the limits of a
 * profile, and by whose power a restricted room is entered is for this server to say.
 */
export function givenContent(content: JsonObject): JsonObject {
  for (const field of ['displayname', 'avatar_url'] as const)
    if (isTooLong(field, content[field]))
      throw badJson(`${field} has at most ${LENGTHS_MAX[field]} characters`);
  const { join_authorised_via_users_server: _, ...given } = content as Content;
  return given;
}

type Content = Record<string, JsonObject[string]>;
type Field = keyof typeof LENGTHS_MAX;

const isTooLong = (field: Field, value: JsonObject[string] | undefined): boolean =>
  typeof value === 'string' && value.length > LENGTHS_MAX[field];
