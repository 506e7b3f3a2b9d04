import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DiskCache, type DiskCacheOptions } from './disk-cache.ts';

const entry = (text: string, bytes = 1_000) => ({
  contentType: 'image/png',
  bytes: Buffer.from(text.padEnd(bytes)),
});

test('what is kept is there under its key, after a restart too, and under no other', async () => {
  using place = emptyFolder();
  await place.cache().put('a', entry('one'));
  for (const cache of [place.cache(), place.cache()]) {
    expect(await cache.get('a')).toEqual(entry('one'));
    expect(await cache.get('b')).toBeUndefined();
  }
});

test('beyond its bound the least recently used goes first, also of what an earlier start kept', async () => {
  using place = emptyFolder();
  const before = place.cache({ bytesMax: 4 * 4_096 });
  for (const key of ['a', 'b', 'c']) await before.put(key, entry(key));
  expect(await before.get('a')).toBeDefined();
  await before.put('d', entry('d'));
  await before.put('e', entry('e'));
  expect(await kept(before, 'abcde')).toBe('acde');
  const after = place.cache({ bytesMax: 2 * 4_096 });
  await after.put('f', entry('f'.padEnd(1_000)));
  expect(readdirSync(place.folder)).toHaveLength(2);
  expect(await after.get('f')).toBeDefined();
});

test('what is larger than a quarter of all is not kept, and nothing is with a bound of 0', async () => {
  using place = emptyFolder();
  const cache = place.cache({ bytesMax: 10_000 });
  await cache.put('a', entry('a', 2_501));
  await place.cache({ bytesMax: 0 }).put('b', entry('b'));
  expect(readdirSync(place.folder)).toEqual([]);
  expect(place.told).toEqual([]);
});

test.each<[string, (file: Buffer) => Buffer]>([
  ['cut off', (file) => file.subarray(0, 500)],
  ['empty', () => Buffer.alloc(0)],
  ['changed', (file) => Buffer.from(file).fill(1, 900, 901)],
])('one that is %s is none, and goes', async (_how, damaged) => {
  using place = emptyFolder();
  const cache = place.cache();
  await cache.put('a', entry('one'));
  const file = join(place.folder, readdirSync(place.folder)[0]!);
  writeFileSync(file, damaged(readFileSync(file)));
  expect(await cache.get('a')).toBeUndefined();
  expect(readdirSync(place.folder)).toEqual([]);
  await cache.put('a', entry('one'));
  expect(await cache.get('a')).toEqual(entry('one'));
});

test('one that lies under the name of another is never given for it', async () => {
  using place = emptyFolder();
  const cache = place.cache();
  await cache.put('a', entry('of a'));
  const [ofA] = readdirSync(place.folder);
  await cache.put('b', entry('of b'));
  const ofB = readdirSync(place.folder).find((name) => name !== ofA)!;
  renameSync(join(place.folder, ofA!), join(place.folder, ofB));
  expect(await cache.get('b')).toBeUndefined();
});

test('what was being written when the machine fell is taken away, and what is not its own left alone', async () => {
  using place = emptyFolder();
  await place.cache().put('a', entry('one'));
  const [name] = readdirSync(place.folder);
  writeFileSync(join(place.folder, `${name}.new-3b241101-e2bb-4255-8caf-4136c566a962`), 'half');
  writeFileSync(join(place.folder, 'important.txt'), 'of somebody else');
  await place.cache().put('b', entry('two'));
  expect(readdirSync(place.folder)).toHaveLength(3);
  expect(readdirSync(place.folder)).toContain('important.txt');
});

test('where the folder cannot be used it does without, says so once, and tries again a minute later', async () => {
  using place = emptyFolder();
  writeFileSync(join(place.folder, 'file'), '');
  const folder = join(place.folder, 'file/cache');
  const cache = place.cache({ folder });
  await cache.put('a', entry('one'));
  await cache.put('a', entry('one'));
  expect(await cache.get('a')).toBeUndefined();
  expect(place.told).toEqual([`Nothing can be kept in ${folder} (media.cacheFolder)`]);
  rmSync(join(place.folder, 'file'));
  await cache.put('a', entry('one'));
  expect(await cache.get('a')).toBeUndefined();
  place.clock.ms += 60_000;
  await cache.put('a', entry('one'));
  expect(await cache.get('a')).toEqual(entry('one'));
});

test('on a disk that is nearly full it keeps nothing, and gives back half of what it has', async () => {
  using place = emptyFolder();
  const before = place.cache();
  for (const key of 'abcd') await before.put(key, entry(key));
  await place.cache({ freeShareMin: 1.1 }).put('e', entry('e'));
  expect(readdirSync(place.folder)).toHaveLength(2);
  expect(await before.get('e')).toBeUndefined();
});

async function kept(cache: DiskCache, keys: string): Promise<string> {
  const found = await Promise.all([...keys].map((key) => cache.get(key)));
  return [...keys].filter((_, at) => found[at]).join('');
}

function emptyFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'farol-cache-'));
  const told: string[] = [];
  const clock = { ms: 1_000_000 };
  const onError = (error: unknown) => told.push((error as Error).message);
  const common = { folder, bytesMax: 1_000_000, freeShareMin: 0, onError, now: () => clock.ms };
  return {
    ...{ folder, told, clock },
    cache: (instead: Partial<DiskCacheOptions> = {}) => new DiskCache({ ...common, ...instead }),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
