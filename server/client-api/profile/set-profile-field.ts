import { z } from 'zod';
import type { Profiles } from '../../accounts/profiles.ts';
import { endpoint } from '../../http/endpoint.ts';
import { jsonObject, userId } from '../../http/fields.ts';
import { missingParam } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import {
  isInMemberships,
  refuseOthersProfile,
  refuseWrongName,
  refuseWrongValue,
} from './profile-field.ts';

interface Ports {
  readonly profiles: Pick<Profiles, 'set' | 'remove'>;
  readonly rooms: Pick<Rooms, 'spreadProfile'>;
}

export const setProfileField = endpoint({
  operation: 'setProfileField',
  routes: [
    'PUT /_matrix/client/v3/profile/{userId}/{keyName}',
    'PUT /_matrix/client/r0/profile/{userId}/{keyName}',
  ],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId, keyName: z.string() }),
  body: { json: jsonObject },

  /** An empty name or picture is how clients of before DELETE take it away. */
  async handle({ caller, path, body }, { profiles, rooms }: Ports) {
    const { keyName } = path;
    refuseOthersProfile(caller.userId, path.userId);
    refuseWrongName(keyName);
    const value = Object.hasOwn(body, keyName) ? body[keyName] : undefined;
    if (value === undefined) throw missingParam(`${keyName} is missing`);
    refuseWrongValue(keyName, value);
    const isSpread = isInMemberships(keyName);
    const spread = isSpread ? () => rooms.spreadProfile(path.userId) : undefined;
    if (value === '' && isSpread) await profiles.remove(path.userId, keyName, spread);
    else await profiles.set(path.userId, keyName, value, spread);
    return {};
  },
});
