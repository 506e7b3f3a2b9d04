import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startClusterTarget } from '../cluster/support/bench-target.ts';
import { benchAgainst } from './against.ts';
import { bench } from './bench.ts';
import { benchCalls } from './calls.ts';
import { startFrontTarget } from './front.ts';
import { benchFrontMemory } from './front-memory.ts';
import { benchInitialSync } from './initial-sync.ts';
import { benchMedia, MEDIA_PARTS, type MediaPart } from './media.ts';
import { benchRequests } from './requests.ts';
import { benchSearch } from './search.ts';
import { sourcesAt } from './sources.ts';
import { startSynapse } from './synapse.ts';
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
    /** With `--front` or `--media`, instead: so many clients who take the first bytes of a long file. */
    slow: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    senders: { type: 'string', multiple: true },
    members: { type: 'string', default: '10' },
    /** Instead: files, at one server or (--cluster) at three sites. */
    media: { type: 'boolean', default: false },
    /** With `--media`: these alone, one or more of `single`, `thumbnails`, `together`, `messages`, `slow` and (of a cluster) `cloned`. */
    part: { type: 'string', multiple: true },
    /** With `--media --cluster`: what the way from each site to each other carries. */
    mbit: { type: 'string' },
    /** Instead: the initial sync of an account in so many small rooms. */
    rooms: { type: 'string' },
    /** Instead: what clients ask beside sending. */
    calls: { type: 'boolean', default: false },
    /** With `--calls`: rooms, members and messages are so many times as many. */
    scale: { type: 'string', default: '1' },
    /** With `--calls`: the rows alone whose names hold one of these. */
    row: { type: 'string', multiple: true },
    /** Instead: searches of so many messages. */
    search: { type: 'string' },
    /** Where those rooms or messages stay for another run. */
    data: { type: 'string' },
    /** For `node --prof` and the like; on the single server only. */
    node: { type: 'string', multiple: true, default: [] },
    /** `--no-messages` measures the other requests only. */
    messages: { type: 'boolean', default: true },
    /** A commit that is measured beside these sources, in turn with them. */
    against: { type: 'string' },
    /** How often in turn. */
    rounds: { type: 'string', default: '5' },
    /** With `--against`, `--media` or `--calls`, and one server: beside Synapse, too. */
    synapse: { type: 'boolean', default: false },
  },
  allowNegative: true,
});

const print = (line: string) => console.log(line);

if (values.rooms !== undefined)
  await benchInitialSync({
    rooms: Number(values.rooms),
    node: values.node,
    data: values.data,
    print,
  });
else if (values.calls) await benchClientCalls();
else if (values.media) await benchFiles();
else if (values.search !== undefined)
  await benchSearch({
    ...{ events: Number(values.search), node: values.node, data: values.data, print },
  });
else if (values.against !== undefined) await compareWith(values.against);
else if (values.cluster) await benchClusters();
else if (values.front && values.slow !== undefined) await benchSlow(Number(values.slow));
else if (values.front) await benchOnce(await startFrontTarget(values.node), ['32', '256']);
else await benchSingle();

async function benchClientCalls() {
  using before = values.against === undefined ? undefined : sourcesAt(values.against);
  const starts = [
    ...(before ? [() => startSingle(values.node, before.folder)] : []),
    () => startSingle(values.node),
    ...(values.synapse ? [startSynapse] : []),
  ];
  const scale = Number(values.scale);
  await benchCalls({ starts, scale, rounds: Number(values.rounds), print, only: values.row });
}

async function benchFiles() {
  const readers = values.slow === undefined ? undefined : Number(values.slow);
  const parts = values.part ? mediaParts(values.part) : readers ? (['slow'] as const) : MEDIA_PARTS;
  const startOne = () => startSingle(values.node);
  const common = { seconds: Number(values.seconds), print, parts, ...(readers && { readers }) };
  if (!values.cluster) {
    for (const start of values.synapse ? [startOne, startSynapse] : [startOne]) {
      await using target = await start();
      await benchMedia({ ...common, target });
    }
    return;
  }
  const mbit = values.mbit === undefined ? undefined : Number(values.mbit);
  for (const ms of values['round-trip']) {
    await using target = await startClusterTarget(Number(ms) / 2, mbit);
    await benchMedia({ ...common, target });
  }
}

function mediaParts(names: readonly string[]): MediaPart[] {
  const parts = MEDIA_PARTS.filter((part) => names.includes(part));
  if (parts.length < new Set(names).size)
    throw new Error(`A part of --media is one of ${MEDIA_PARTS.join(', ')}`);
  return parts;
}

async function benchSlow(readers: number) {
  await using target = await startFrontTarget(values.node);
  await benchFrontMemory({ target, readers, print });
}

async function compareWith(commit: string) {
  const common = {
    commit,
    membersPerRoom: Number(values.members),
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    print,
  };
  const many = (values.senders ?? ['32', '256']).map(Number);
  if (values.front) {
    const start = (sources: string) => startFrontTarget(values.node, sources);
    await benchAgainst({ ...common, start, senders: many, requests: false });
  } else if (values.cluster) {
    for (const ms of values['round-trip']) {
      const start = (sources: string) => startClusterOf(sources, Number(ms) / 2);
      await benchAgainst({ ...common, start, senders: many, requests: false });
    }
  } else {
    const start = (sources: string) => startSingle(values.node, sources);
    const senders = (values.senders ?? ['32']).map(Number);
    const others = values.synapse ? [startSynapse] : [];
    await benchAgainst({ ...common, start, others, senders, requests: true });
  }
}

/** By the cluster that those sources make: its files belong to the programs. */
async function startClusterOf(sources: string, delayMs: number): Promise<Target> {
  const file = join(sources, 'test/cluster/support/bench-target.ts');
  const made = (await import(file)) as { startClusterTarget: typeof startClusterTarget };
  return made.startClusterTarget(delayMs);
}

async function benchSingle() {
  if (values.messages) await benchOnce(await startSingle(values.node), ['32']);
  await using target = await startSingle(values.node);
  await benchRequests({ target, print });
}

async function benchClusters() {
  const results = [];
  for (const ms of values['round-trip']) {
    const measured = await benchOnce(await startClusterTarget(Number(ms) / 2), ['32', '256']);
    results.push({ ms, measured });
  }
  const [nearest, ...farther] = results;
  for (const { ms, measured } of farther)
    for (const [at, { senders, perSecond }] of measured.entries()) {
      const share = perSecond / nearest!.measured[at]!.perSecond;
      const percent = `${(share * 100).toFixed(0)} %`;
      print(`${senders} senders: ${ms} ms leave ${percent} of ${nearest!.ms} ms's messages/s`);
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
    print,
  });
}
