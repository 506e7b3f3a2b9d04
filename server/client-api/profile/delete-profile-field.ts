import { z } from 'zod';
import type { Profiles } from '../../accounts/profiles.ts';
import { endpoint } from '../../http/endpoint.ts';
import { userId } from '../../http/fields.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import { refuseOthersProfile, refuseWrongName } from './profile-field.ts';
import { spreadOf } from './put-profile-field.ts';

interface Ports {
  readonly profiles: Pick<Profiles, 'remove'>;
  readonly rooms: Pick<Rooms, 'spreadProfile'>;
}

export const deleteProfileField = endpoint({
  operation: 'deleteProfileField',
  routes: ['DELETE /_matrix/client/v3/profile/{userId}/{keyName}'],
  auth: 'user',
  standing: 'active',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ userId, keyName: z.string() }),

  async handle({ caller, path }, { profiles, rooms }: Ports) {
    refuseOthersProfile(caller.userId, path.userId);
    refuseWrongName(path.keyName);
    const spread = spreadOf(rooms, path.userId, path.keyName);
    await profiles.remove(path.userId, path.keyName, spread);
    return {};
  },
});
