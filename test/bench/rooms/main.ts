import { parseArgs } from 'node:util';
import { serveManyRooms, useManyRooms } from './measure-rooms.ts';

// `node test/bench/rooms/main.ts`: what a server keeps in memory when there are many rooms, and (--engine)
// what it costs to open one that is not there. The rooms are made first; then a server begins with an
// empty memory, and its users do what they do in an hour, as fast as it can.

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: '100000' },
    hot: { type: 'string', default: '10000' },
    users: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '12' },
    engine: { type: 'boolean', default: false },
    folder: { type: 'string' },
    /** Options of V8 for the process that is measured. */
    v8: { type: 'string', default: '' },
  },
});

const scale = {
  ...{ rooms: Number(values.rooms), hot: Number(values.hot), users: Number(values.users) },
  ...{ rounds: Number(values.rounds), folder: values.folder },
  node: values.v8.split(' ').filter((each) => each !== ''),
};
if (values.engine) await useManyRooms(scale);
else await serveManyRooms(scale);
