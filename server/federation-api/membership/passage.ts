import { z } from 'zod';
import { roomId, severalTimes, userId } from '../../http/fields.ts';
import type { Server } from '../../protocol/caller.ts';
import type { RoomId, UserId } from '../../protocol/identifiers.ts';
import type { Passage } from '../../rooms/membership/membership.ts';
import type { Handshake } from '../../rooms/serve/handshake.ts';

/** What the endpoints share by which other servers' users come in, knock and leave. */
export interface PassagePorts {
  readonly handshake: Pick<Handshake, 'template'>;
}

export const templatePath = z.object({ roomId, userId });

/** The versions of rooms that they know; the first alone where they name none. */
export const knownVersions = z.object({
  ver: severalTimes.transform((given) => (given.length === 0 ? ['1'] : given)),
});

export async function templateOf(
  { handshake }: PassagePorts,
  { origin: server }: Server,
  { roomId: room, userId: user }: { roomId: RoomId; userId: UserId },
  wish: { passage: Passage; versions?: readonly string[] },
) {
  const { version, event } = await handshake.template(room, { ...wish, server, userId: user });
  return { room_version: version, event };
}
