import { parseArgs } from 'node:util';
import { bench } from './bench.ts';
import { startSingle } from './target.ts';

// `npm run bench`: plain HTTP against one server of its own. The generator takes CPU of the same
// machine, so throughput is "this or better"; what it takes is not counted.

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    senders: { type: 'string', default: '32' },
    members: { type: 'string', default: '10' },
    /** For `node --prof` and the like. */
    node: { type: 'string', multiple: true, default: [] },
  },
});

await using target = await startSingle(values.node);
await bench({
  target,
  seconds: Number(values.seconds),
  senders: Number(values.senders),
  membersPerRoom: Number(values.members),
  print: (line) => console.log(line),
});
