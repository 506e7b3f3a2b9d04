import { badJson, forbidden, invalidParam, MatrixError } from '../../http/matrix-error.ts';
import type { UserId } from '../../protocol/identifiers.ts';
import type { JsonValue } from '../../protocol/json.ts';

/** Those that every membership event repeats. */
const IN_MEMBERSHIPS = ['displayname', 'avatar_url'];

export const isInMemberships = (field: string): boolean => IN_MEMBERSHIPS.includes(field);

/** Two old names, `m.tz`, and any other by the common namespaced identifier grammar. */
export function refuseWrongName(field: string) {
  if (Buffer.byteLength(field) > 255)
    throw new MatrixError(400, 'M_KEY_TOO_LARGE', 'The name of a field may have 255 bytes');
  if (!/^(avatar_url|displayname|[a-z][a-z0-9_]*(\.[a-z0-9_-]+)+)$/.test(field))
    throw invalidParam(`${field} is not the name of a profile field`);
}

export function refuseOthersProfile(caller: UserId, userId: UserId) {
  if (caller !== userId) throw forbidden('Only your own profile is yours to change');
}

export function refuseWrongValue(field: string, value: JsonValue) {
  if ((isInMemberships(field) || field === 'm.tz') && typeof value !== 'string')
    throw badJson(`${field} must be a string`);
  const lengthMax = LENGTHS_MAX[field];
  if (lengthMax !== undefined && String(value).length > lengthMax)
    throw invalidParam(`${field} may have ${lengthMax} characters`);
}

/** They are copied into the membership event of each room. */
const LENGTHS_MAX: Readonly<Record<string, number>> = { displayname: 256, avatar_url: 1_000 };
