import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { roomId, userId } from '../../http/fields.ts';
import { forbidden } from '../../http/matrix-error.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { Presence } from '../../sync/ephemeral/presence.ts';
import type { Typing } from '../../sync/ephemeral/typing.ts';

const TIMEOUT_MS_DEFAULT = 30_000;

export interface TypingPorts {
  readonly rooms: Pick<Rooms, 'open'>;
  readonly typing: Pick<Typing, 'begins' | 'ends'>;
  readonly presence: Pick<Presence, 'acted'>;
}

export const setTyping = endpoint({
  operation: 'setTyping',
  routes: ['PUT /_matrix/client/v3/rooms/{roomId}/typing/{userId}'],
  auth: 'user',
  rateLimit: 'write',
  idempotency: 'natural',
  path: z.object({ roomId, userId }),
  body: { json: z.object({ typing: z.boolean(), timeout: z.number().positive().optional() }) },

  async handle({ caller, path, body }, { rooms, typing, presence }: TypingPorts) {
    if (path.userId !== caller.userId) throw forbidden('You can type for yourself only');
    const room = await rooms.open(path.roomId);
    if (room?.membershipOf(caller.userId) !== 'join') throw forbidden('You are not in this room');
    if (body.typing) typing.begins(path.roomId, caller.userId, body.timeout ?? TIMEOUT_MS_DEFAULT);
    else typing.ends(path.roomId, caller.userId);
    presence.acted(caller.userId);
    return {};
  },
});
