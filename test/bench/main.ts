import { parseArgs } from 'node:util';
import { startClusterTarget } from '../cluster/support/bench-target.ts';
import { bench } from './bench.ts';
import { startFrontTarget } from './front.ts';
import { benchInitialSync } from './initial-sync.ts';
import { benchRequests } from './requests.ts';
import { startSingle, type Target } from './target.ts';

// `npm run bench`: plain HTTP against one server of its own, or (--cluster) against three sites in
// containers. The generator takes CPU of the same machine, so throughput is "this or better"; what it
// takes is not counted.

const { values } = parseArgs({
  options: {
    cluster: { type: 'boolean', default: false },
    /** One front alone, before a writer that answers at once. */
    front: { type: 'boolean', default: false },
    /** Milliseconds between the sites and back, one cluster for each. */
    'round-trip': { type: 'string', multiple: true, default: ['0', '20'] },
    seconds: { type: 'string', default: '10' },
    senders: { type: 'string', multiple: true },
    members: { type: 'string', default: '10' },
    /** Instead: the initial sync of an account in so many small rooms. */
    rooms: { type: 'string' },
    /** Where those rooms stay for another run. */
    data: { type: 'string' },
    /** For `node --prof` and the like; on the single server only. */
    node: { type: 'string', multiple: true, default: [] },
    /** `--no-messages` measures the other requests only. */
    messages: { type: 'boolean', default: true },
  },
  allowNegative: true,
});

if (values.rooms !== undefined)
  await benchInitialSync({
    rooms: Number(values.rooms),
    node: values.node,
    data: values.data,
    print: (line) => console.log(line),
  });
else if (values.cluster) await benchClusters();
else if (values.front) await benchOnce(await startFrontTarget(values.node), ['32', '256']);
else await benchSingle();

async function benchSingle() {
  if (values.messages) await benchOnce(await startSingle(values.node), ['32']);
  await using target = await startSingle(values.node);
  await benchRequests({ target, print: (line) => console.log(line) });
}

async function benchClusters() {
  const results = [];
  for (const ms of values['round-trip']) {
    const throughputs = await benchOnce(await startClusterTarget(Number(ms) / 2), ['32', '256']);
    results.push({ ms, throughputs });
  }
  const [nearest, ...farther] = results;
  for (const { ms, throughputs } of farther)
    for (const [senders, throughput] of throughputs) {
      const share = throughput / nearest!.throughputs.get(senders)!;
      const percent = `${(share * 100).toFixed(0)} %`;
      console.log(
        `${senders} senders: ${ms} ms leave ${percent} of ${nearest!.ms} ms's messages/s`,
      );
    }
}

async function benchOnce(target: Target, senders: readonly string[]) {
  await using used = target;
  // Awaited here, since the target ends with this function.
  return await bench({
    target: used,
    seconds: Number(values.seconds),
    senders: (values.senders ?? senders).map(Number),
    membersPerRoom: Number(values.members),
    print: (line) => console.log(line),
  });
}
