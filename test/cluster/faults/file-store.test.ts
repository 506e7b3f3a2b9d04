import { randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { S3_IS_HERE } from '../../support/s3.ts';
import { switchover, untilWell } from '../support/farol.ts';
import { giveStore, placesAt } from '../support/file-store.ts';
import { everyTarget, targetsOf } from '../support/load.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import { Uploader } from '../support/uploads.ts';
import { useCluster } from '../support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });
/** With a real server that speaks S3. */
const stored = test.skipIf(!S3_IS_HERE);

const KB = 1_000;
const SIZES = [20 * KB, 300 * KB, 1_500 * KB];
const LONG = 50_000 * KB;
/** Behind what a client has read, the kernels hold some more of it. */
const BEGINNING = 1_000 * KB;

stored(
  'files are brought into a store while they are uploaded and read, through a switchover and a power cut: each that was acknowledged gives its bytes at every site, and no object is nobody’s',
  async () => {
    const first = await untilWell(cluster());
    const uploaders = await theirUploaders('moved');
    const early = await uploaders[0]!.upload(randomBytes(SIZES[1]!));
    await using s3 = await giveStore(cluster());
    await untilWell(cluster());
    const ending = new AbortController();
    const working = Promise.all(
      uploaders.flatMap((each) => [
        each.uploadUntil(ending.signal, SIZES),
        each.readUntil(ending.signal),
      ]),
    );
    // Awaited in the end, however it goes here.
    working.catch(() => undefined);
    const untilMore = (more: number) => {
      const before = s3.names().length;
      return until('more files lie there', async () => s3.names().length >= before + more);
    };
    try {
      await untilMore(5);
      const [next] = othersThan(first);
      await switchover(await untilWell(cluster()), next);
      await untilMore(5);
      const active = await untilWell(cluster());
      await active.powerOff();
      await untilMore(5);
      await active.powerOn();
      await untilWell(cluster());
      await untilMore(5);
    } finally {
      ending.abort();
      await working;
    }
    await untilAllLieThere(s3);
    const acknowledged = uploaders.flatMap((each) =>
      each.uploads.filter(({ mediaId }) => mediaId !== undefined),
    );
    expect(acknowledged).toContain(early);
    const reads = uploaders.reduce((sum, each) => sum + each.reads, 0);
    process.stdout.write(`files moved: ${acknowledged.length}, read meanwhile: ${reads}\n`);
    expect(reads).toBeGreaterThan(20);
    for (const uploader of uploaders)
      for (const { mediaId, sha256 } of acknowledged)
        expect(await uploader.checksumOf(mediaId!)).toBe(sha256);
  },
);

stored(
  'a file of 50 MB in a store that is being read lives through a switchover, and a power cut of another site than its front’s',
  async () => {
    await untilWell(cluster());
    await using s3 = await giveStore(cluster());
    const active = await untilWell(cluster());
    const [front, another] = othersThan(active);
    const uploaders = await theirUploaders('read');
    const uploader = uploaders[everyTarget(cluster()).indexOf(front.name)]!;
    const { mediaId, sha256 } = await uploader.upload(randomBytes(LONG));
    await untilAllLieThere(s3);
    const reading = await uploader.reading(mediaId!);
    await reading.take(BEGINNING);
    await switchover(active, another);
    await reading.take(LONG / 2);
    await another.powerOff();
    await reading.take(LONG);
    expect(reading.checksum()).toBe(sha256);
    await another.powerOn();
    await untilWell(cluster());
  },
);

/** However many there are: they are brought one by one, so what is waited for is the next. */
async function untilAllLieThere(s3: { names(): string[] }): Promise<void> {
  const active = await untilWell(cluster());
  for (let fewest = Number.POSITIVE_INFINITY; fewest > 0; )
    fewest = (
      await until(`fewer than ${fewest} files, or their remains, lie elsewhere`, async () => {
        const { here, there, left } = await placesAt(active);
        const elsewhere = here + left + Math.abs(s3.names().length - there);
        return elsewhere < fewest && { elsewhere };
      })
    ).elsewhere;
}

async function theirUploaders(name: string): Promise<Uploader[]> {
  const uploaders = targetsOf(cluster()).map(
    (target) => new Uploader(`${name}-${target.through}`, target),
  );
  onTestFinished(async () => void (await Promise.all(uploaders.map((each) => each.close()))));
  for (const each of uploaders) await each.register();
  return uploaders;
}

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}
