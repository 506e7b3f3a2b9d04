import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { switchover, untilWell } from '../support/farol.ts';
import { everyTarget, targetsOf, underLoad } from '../support/load.ts';
import type { Site } from '../support/site.ts';
import { until } from '../support/until.ts';
import {
  holdPiecesBehind,
  lossesIn,
  mediaAt,
  Uploader,
  untilPieceWaits,
} from '../support/uploads.ts';
import { useCluster } from '../support/use-cluster.ts';

const cluster = useCluster({ sites: 3 });

const KB = 1_000;
const LONG = 50_000 * KB;
const MIDDLE = 20_000 * KB;

test('the power of the active site is cut in the middle of uploads: each that was acknowledged gives its bytes at every site, and no other is there', async () => {
  const active = await untilWell(cluster());
  const uploaders = await theirUploaders('cut');
  const ending = new AbortController();
  const survived = await underLoad(cluster(), { title: 'power cut, uploads' }, async (load) => {
    const all = uploaders.map((each) => each.uploadUntil(ending.signal, SIZES));
    try {
      await load.untilFlowing(everyTarget(cluster()));
      await untilEachUploads(uploaders);
      load.strike();
      await active.powerOff();
      await load.untilFlowing(['address', ...othersThan(active).map(({ name }) => name)]);
      await untilEachUploads(
        uploaders.filter((_, at) => everyTarget(cluster())[at] !== active.name),
      );
      await active.powerOn();
      await load.untilFlowing(everyTarget(cluster()));
    } finally {
      ending.abort();
      await Promise.all(all);
    }
  });
  expect(survived.violations).toEqual([]);
  await untilWell(cluster());
  await expectAllThere(uploaders);
});

test('an upload of 50 MB that is under way lives through a planned switchover', async () => {
  const active = await untilWell(cluster());
  const [next] = othersThan(active);
  await livesThrough('switchover', { active, front: next }, () => switchover(active, next));
});

test('an upload of 50 MB that is under way lives through a power cut of another site than its front’s', async () => {
  const active = await untilWell(cluster());
  const [front] = othersThan(active);
  await livesThrough('powercut', { active, front }, () => active.powerOff());
  await active.powerOn();
  await untilWell(cluster());
});

/** Its last pieces wait in the database of the active site when that befalls it. */
async function livesThrough(
  name: string,
  { active, front }: { readonly active: Site; readonly front: Site },
  fault: () => Promise<unknown>,
): Promise<void> {
  await holdPiecesBehind(active, MIDDLE);
  const uploaders = await theirUploaders(name);
  const uploader = uploaders[everyTarget(cluster()).indexOf(front.name)]!;
  const uploading = uploader.upload(randomBytes(LONG));
  await untilPieceWaits(active);
  await fault();
  const { mediaId, sha256 } = await uploading;
  expect(mediaId).toEqual(expect.any(String));
  expect(await uploader.checksumOf(mediaId!)).toBe(sha256);
  const [another] = cluster().sites.filter((site) => site !== active && site !== front);
  await until('nothing is left of the first attempt', async () => {
    const { left } = await mediaAt(another!);
    return left.uploads === 0 && left.pieces === 0;
  });
  const { media } = await mediaAt(another!);
  const copies = [...media.values()].filter((each) => each === sha256);
  expect(copies).toHaveLength(1);
  await Promise.all(uploaders.map((each) => each.close()));
}

/** Below and above what a front keeps in memory, and in one piece or many. */
const SIZES = [20 * KB, 300 * KB, 1_500 * KB];

async function theirUploaders(name: string): Promise<Uploader[]> {
  const uploaders = targetsOf(cluster()).map(
    (target) => new Uploader(`${name}-${target.through}`, target),
  );
  for (const each of uploaders) await each.register();
  return uploaders;
}

async function untilEachUploads(uploaders: readonly Uploader[]): Promise<void> {
  const before = uploaders.map(({ uploads }) => uploads.length);
  const hasMore = ({ uploads }: Uploader, at: number) =>
    uploads.slice(before[at]! + 1).some(({ mediaId }) => mediaId !== undefined);
  await until('files are taken through each', async () => uploaders.every(hasMore));
}

async function expectAllThere(uploaders: readonly Uploader[]): Promise<void> {
  const uploads = uploaders.flatMap((each) => each.uploads);
  const acknowledged = uploads.filter(({ mediaId }) => mediaId !== undefined);
  const shown = { uploads: uploads.length, acknowledged: acknowledged.length };
  process.stdout.write(`uploads: ${JSON.stringify(shown)}\n`);
  for (const site of cluster().sites) {
    await until(`at ${site.name} nothing is left that is nobody's`, async () => {
      const { left } = await mediaAt(site);
      return left.uploads === 0 && left.pieces === 0;
    });
    const { media } = await mediaAt(site);
    expect(lossesIn(uploads, media), site.name).toEqual([]);
  }
  for (const uploader of uploaders)
    for (const { mediaId, sha256 } of acknowledged)
      expect(await uploader.checksumOf(mediaId!)).toBe(sha256);
  await Promise.all(uploaders.map((each) => each.close()));
}

function othersThan(site: Site): [Site, Site] {
  return cluster().sites.filter((each) => each !== site) as [Site, Site];
}
