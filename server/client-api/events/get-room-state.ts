import { z } from 'zod';
import { jsonText } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { roomId } from '../../http/fields.ts';
import { readingOfWhole } from '../../rooms/read/reading.ts';
import type { Rooms } from '../../rooms/rooms.ts';
import type { LargeReads } from './large-reads.ts';
import { renderedEvents } from './rendered.ts';

interface Ports {
  readonly rooms: Pick<Rooms, 'open' | 'roomsOf' | 'whenWhole'>;
  readonly largeReads: LargeReads;
}

export const getRoomState = endpoint({
  operation: 'getRoomState',
  routes: [
    'GET /_matrix/client/v3/rooms/{roomId}/state',
    'GET /_matrix/client/r0/rooms/{roomId}/state',
  ],
  auth: 'guest',
  rateLimit: 'read',
  idempotency: 'natural',
  path: z.object({ roomId }),

  async handle({ caller, path, signal }, { rooms, largeReads }: Ports) {
    await largeReads.enter(caller.userId, signal);
    const { room, departure } = await readingOfWhole(rooms, path.roomId, caller.userId, signal);
    const events = departure ? await room.stateAfter(departure) : await room.state();
    return jsonText(renderedEvents(await room.shownTo(caller.userId, events), caller));
  },
});
