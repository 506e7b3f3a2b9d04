import { RoomEngine } from './engine.ts';
import type { RoomPorts } from './ports.ts';

/** Everything of this folder, put together. */
export const roomFeatures = (ports: RoomPorts) => ({
  ports: { rooms: new RoomEngine(ports) },
  close() {},
});
