import { RoomDirectory } from './directory/room-directory.ts';
import { RoomEngine } from './engine.ts';
import type { RoomPorts } from './ports.ts';

/** Everything of this folder, put together. */
export function roomFeatures(ports: RoomPorts) {
  const rooms = new RoomEngine(ports);
  // Behind the engine, whose memory it reads when it hears of a commit.
  const roomDirectory = new RoomDirectory({ ...ports, rooms });
  const { handshake, submissions, invitations, receiver: roomReceiver } = rooms;
  return {
    ports: { rooms, roomDirectory, handshake, submissions, invitations, roomReceiver },
    /** By the writer, behind its takeover. */
    begin: () => rooms.begin(),
    close() {
      rooms.close();
    },
  };
}
