import { eachOf, rooms, startEngine, userOf } from './engine.ts';

const { engine, database, close } = await startEngine();
const begin = performance.now();
await eachOf(Array.from({ length: rooms }), 256, (_, index) =>
  engine.create(userOf(index), { name: `Room ${index}`, invite: [userOf(index + 1)] }, {}),
);
// The statistics that a database has which has been used for a while.
await database.query('analyze', 'ANALYZE');
const seconds = (performance.now() - begin) / 1_000;
console.log(`${rooms} rooms made in ${seconds.toFixed(0)} s (${engine.memory.rooms} in memory)`);
await close();
