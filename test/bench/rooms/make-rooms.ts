import { copyRooms } from './copy-rooms.ts';
import { eachOf, rooms, startEngine, url, userOf } from './engine.ts';

const MADE_MAX = 1_000;

const { engine, close } = await startEngine();
const begin = performance.now();
await eachOf(Array.from({ length: Math.min(rooms, MADE_MAX) }), 256, (_, index) =>
  engine.create(userOf(index), { name: `Room ${index}`, invite: [userOf(index + 1)] }, {}),
);
await close();
await copyRooms(url, Math.ceil(rooms / MADE_MAX) - 1);
const seconds = (performance.now() - begin) / 1_000;
console.log(`${rooms} rooms made in ${seconds.toFixed(0)} s`);
