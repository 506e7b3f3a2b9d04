import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { Agent } from 'undici';
import { type Account, BenchClient } from './client.ts';
import { makePlaces, type Place, sendFor } from './load.ts';
import { slowReader } from './slow-reader.ts';
import type { Target } from './target.ts';

export interface MediaBenchOptions {
  readonly target: Target;
  readonly seconds: number;
  readonly print: (line: string) => void;
  readonly parts: readonly MediaPart[];
  /** How many slow ones. */
  readonly readers?: number;
}

const MB = 1_000_000;
const COUNT = 60;
/** What it costs at first is shown beside what it costs all the time: of a MB a function is called some fifty times, and V8 compiles it for the last time behind 20,000. */
const FIRST = 15;
const WARM_UP = 400;
const UPLOADERS = 8;
const SENDERS = 4;
const SLOW_READERS = 1_000;
const SLOW_FILE_MB = 40;
/** By all uploaders together. */
const CLONED_MB = 64;
/** Each begins elsewhere, so that no two are given the same part: as of as many files. */
const SLOW_APART = 1_000;

/** What is measured, in this order. */
export const MEDIA_PARTS = [
  'single',
  'thumbnails',
  'together',
  'messages',
  'slow',
  'cloned',
] as const;
export type MediaPart = (typeof MEDIA_PARTS)[number];

/** What files cost: CPU of an upload and a download, how much is taken in all, what messages feel of it, and what slow readers weigh. */
export async function benchMedia(options: MediaBenchOptions): Promise<void> {
  const { target, print, parts, readers = SLOW_READERS } = options;
  const connect = { rejectUnauthorized: false };
  const agent = new Agent({ pipelining: 1, connections: 64, connect });
  const client = new BenchClient(agent, target.origin);
  const people: Account[] = [];
  for (let n = 0; n < UPLOADERS; n += 1) people.push(await client.register(`uploader${n}`));
  const person = people[0]!;
  const measure: Record<MediaPart, () => Promise<void>> = {
    single: () => benchSingle(options, { client, person }),
    thumbnails: () => benchThumbnails(options, { client, person }),
    together: () => benchTogether(options, { client, people }),
    messages: async () =>
      benchBesideMessages(options, {
        ...{ client, people, places: await makePlaces(client, SENDERS, 2) },
      }),
    slow: () => benchSlowReaders(options, { client, person, readers }),
    cloned: () => benchCloned(options, { client, people }),
  };
  print(`${target.name}, ${target.origin}`);
  for (const part of MEDIA_PARTS) if (parts.includes(part)) await measure[part]();
  await agent.destroy();
}

/** One at a time: what one costs. */
async function benchSingle(
  { target, print }: MediaBenchOptions,
  { client, person }: { client: BenchClient; person: Account },
): Promise<void> {
  const files: string[] = [];
  const upload = async () => void files.push(await client.upload(randomBytes(MB), person));
  print(await costs(target, 'upload of 1 MB', upload));
  const download = (n: number) => client.download(files[n % files.length]!, person);
  print(await costs(target, 'download of 1 MB', download));
  const again = () => client.download(files[0]!, person);
  print(await costs(target, 'the same file again', again));
}

/** A PNG that is larger than the thumbnail, and one that is as large. */
const PICTURES = [
  { width: 1_600, height: 1_000 },
  { width: 640, height: 480 },
] as const;
type Size = (typeof PICTURES)[number];

/** Of pictures that nobody has asked for, each its own; and of one that was shown before. */
async function benchThumbnails(
  { target, print }: MediaBenchOptions,
  { client, person }: { client: BenchClient; person: Account },
): Promise<void> {
  for (const size of PICTURES) {
    const thumbnails: string[] = [];
    for (let n = 0; n < FIRST + COUNT; n += 1) {
      const file = await client.upload(await picture(size), person, 'image/png');
      thumbnails.push(`${file.replace('/download/', '/thumbnail/')}?width=640&height=480`);
    }
    let next = 0;
    const first = () => client.download(thumbnails[next++]!, person);
    const name = `640x480 of ${size.width}x${size.height}`;
    for (let n = 0; n < FIRST; n += 1) await first();
    print(shown(name, await costOf(target, first)));
    const again = () => client.download(thumbnails[0]!, person);
    print(await costs(target, 'the same thumbnail again', again));
  }
}

/** As soft as a photograph. */
function picture({ width, height }: Size): Promise<Buffer> {
  const raw = { width: 160, height: 100, channels: 3 } as const;
  return sharp(randomBytes(raw.width * raw.height * raw.channels), { raw })
    .resize(width, height, { fit: 'fill' })
    .png()
    .toBuffer();
}

/** What the first ones cost, and what each does when all is compiled. */
async function costs(
  target: Target,
  name: string,
  deed: (n: number) => Promise<unknown>,
): Promise<string> {
  const first = await costOf(target, deed, FIRST);
  for (let n = 0; n < WARM_UP; n += 1) await deed(n);
  return `${shown(name, await costOf(target, deed))}; at first ${said(first)}`;
}

interface Cost {
  /** By part. */
  readonly cpuMs: Readonly<Record<string, number>>;
  readonly ms: number;
}

async function costOf(
  target: Target,
  deed: (n: number) => Promise<unknown>,
  count = COUNT,
): Promise<Cost> {
  const before = target.cpuMs();
  const begun = performance.now();
  for (let n = 0; n < count; n += 1) await deed(n);
  const ms = (performance.now() - begun) / count;
  const cpuMs = Object.fromEntries(
    Object.entries(target.cpuMs()).map(([part, now]) => [part, (now - before[part]!) / count]),
  );
  return { cpuMs, ms };
}

const shown = (name: string, cost: Cost): string =>
  `${name.padEnd(26)} CPU ms: ${said(cost)}; ${cost.ms.toFixed(1)} ms each`;

const said = ({ cpuMs }: Cost): string =>
  Object.entries(cpuMs)
    .map(([part, each]) => `${each.toFixed(2)} ${part}`)
    .join(', ') || 'unknown';

/** As much as the lane takes. */
async function benchTogether(
  { seconds, print }: MediaBenchOptions,
  { client, people }: { client: BenchClient; people: readonly Account[] },
): Promise<void> {
  const uploading = uploads(client, people);
  await sleep(seconds * 1_000);
  const { megabytes, took } = await uploading.stop();
  print(`${people.length} upload at once         ${(megabytes / took).toFixed(1)} MB/s in all`);
}

function uploads(client: BenchClient, people: readonly Account[]) {
  const begin = performance.now();
  const bytes = randomBytes(MB);
  let [ended, megabytes] = [false, 0];
  const all = people.map(async (person) => {
    while (!ended) {
      await client.upload(bytes, person);
      megabytes += 1;
    }
  });
  return {
    async stop() {
      ended = true;
      await Promise.all(all);
      return { megabytes, took: (performance.now() - begin) / 1_000 };
    },
  };
}

/** Messages of some, without uploads and beside as many as the lane takes; twice in turn, since the machine has moods. */
async function benchBesideMessages(
  { seconds, print }: MediaBenchOptions,
  {
    client,
    people,
    places,
  }: { client: BenchClient; people: readonly Account[]; places: readonly Place[] },
): Promise<void> {
  await sendFor(client, places, 2);
  const ratios: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const alone = await sendFor(client, places, seconds);
    const uploading = uploads(client, people);
    await sleep(500);
    const beside = await sendFor(client, places, seconds);
    const { megabytes, took } = await uploading.stop();
    ratios.push(p(beside.latencies, 0.99) / p(alone.latencies, 0.99));
    print(
      [
        'messages'.padEnd(26),
        `alone ${percentiles(alone.latencies)}`,
        `beside ${(megabytes / took).toFixed(1)} MB/s of uploads ${percentiles(beside.latencies)}`,
        `p99 x ${ratios.at(-1)!.toFixed(2)}`,
      ].join('  '),
    );
  }
}

const p = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
const percentiles = (sorted: readonly number[]): string =>
  `p50 ${p(sorted, 0.5).toFixed(1)} p99 ${p(sorted, 0.99).toFixed(1)} ms`;

/** Who reads the first bytes and no more, many at once: what is kept for them. Of a file that no buffer of the kernel holds. */
async function benchSlowReaders(
  { target, print }: Pick<MediaBenchOptions, 'target' | 'print'>,
  { client, person, readers }: { client: BenchClient; person: Account; readers: number },
): Promise<void> {
  const path = await client.upload(randomBytes(SLOW_FILE_MB * MB), person);
  const before = residentsOf(target);
  const sockets: Socket[] = [];
  for (let n = 0; n < readers; n += 1)
    sockets.push(await slowReader(target.origin, path, person.token, n * SLOW_APART));
  await sleep(2_000);
  const during = residentsOf(target);
  const each = Object.entries(during).map(([program, { now, most }]) => {
    const more = now - before[program]!.now;
    return `${more} MiB more of ${program} (${now} now, at most ${most})`;
  });
  print(`${readers} slow downloads         ${each.join(', ') || 'unknown'}`);
  for (const socket of sockets) socket.destroy();
}

/** What files cost a site whose database is lost: the time until it has all of them again. */
async function benchCloned(
  { target, print }: MediaBenchOptions,
  { client, people }: { client: BenchClient; people: readonly Account[] },
): Promise<void> {
  if (!target.cloneAnew) return;
  const bytes = randomBytes((CLONED_MB * MB) / people.length);
  await Promise.all(people.map((person) => client.upload(bytes, person)));
  const { megabytes, seconds } = await target.cloneAnew();
  const hours = (seconds / megabytes) * (100_000 / 3_600);
  print(
    `cloned anew                ${megabytes.toFixed(0)} MB of database in ${seconds.toFixed(1)} s: ${hours.toFixed(1)} h for 100 GB`,
  );
}

const residentsOf = ({ resident, residents }: Target) =>
  residents?.() ?? (resident ? { server: resident() } : {});
