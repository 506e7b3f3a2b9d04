import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DiskCache, type DiskCacheOptions } from './disk-cache.ts';
import type { Key } from './entry-file.ts';

/** Of a thing of the same name. */
const key = (of: string, how = 'as it is'): Key => ({ of, how });

const entry = (text: string, bytes = 1_000) => ({
  contentType: 'image/png',
  bytes: Buffer.from(text.padEnd(bytes)),
});

test('what is kept is there under its key, after a restart too, and under no other', async () => {
  using place = emptyFolder();
  await place.cache().put(key('a'), entry('one'), 'someone');
  for (const cache of [place.cache(), place.cache()]) {
    expect(await cache.get(key('a'))).toEqual(entry('one'));
    expect(await cache.get(key('b'))).toBeUndefined();
  }
});

test('beyond its bound the least recently used goes first, also of what an earlier start kept', async () => {
  using place = emptyFolder();
  const before = place.cache({ bytesMax: 4 * 4_096 });
  for (const name of ['a', 'b', 'c']) await before.put(key(name), entry(name), 'someone');
  expect(await before.get(key('a'))).toBeDefined();
  await before.put(key('d'), entry('d'), 'someone');
  await before.put(key('e'), entry('e'), 'someone');
  expect(await kept(before, 'abcde')).toBe('acde');
  const after = place.cache({ bytesMax: 2 * 4_096 });
  await after.put(key('f'), entry('f'.padEnd(1_000)), 'someone');
  expect(readdirSync(place.folder)).toHaveLength(2);
  expect(await after.get(key('f'))).toBeDefined();
});

test('what is larger than a quarter of all is not kept, and nothing is with a bound of 0', async () => {
  using place = emptyFolder();
  const cache = place.cache({ bytesMax: 10_000 });
  await cache.put(key('a'), entry('a', 2_501), 'someone');
  await place.cache({ bytesMax: 0 }).put(key('b'), entry('b'), 'someone');
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
  await cache.put(key('a'), entry('one'), 'someone');
  const file = join(place.folder, readdirSync(place.folder)[0]!);
  writeFileSync(file, damaged(readFileSync(file)));
  expect(await cache.get(key('a'))).toBeUndefined();
  expect(readdirSync(place.folder)).toEqual([]);
  await cache.put(key('a'), entry('one'), 'someone');
  expect(await cache.get(key('a'))).toEqual(entry('one'));
});

test('one that lies under the name of another is never given for it', async () => {
  using place = emptyFolder();
  const cache = place.cache();
  await cache.put(key('a'), entry('of a'), 'someone');
  const [ofA] = readdirSync(place.folder);
  await cache.put(key('b'), entry('of b'), 'someone');
  const ofB = readdirSync(place.folder).find((name) => name !== ofA)!;
  renameSync(join(place.folder, ofA!), join(place.folder, ofB));
  expect(await cache.get(key('b'))).toBeUndefined();
});

test('all that was made of something goes at once, also what an earlier start has kept, and nothing else', async () => {
  using place = emptyFolder();
  for (const how of ['small', 'large']) await place.cache().put(key('a', how), entry(how), 'x');
  await place.cache().put(key('b', 'small'), entry('b'), 'x');
  const cache = place.cache();
  await cache.forget(['a', 'c']);
  expect(readdirSync(place.folder)).toHaveLength(1);
  expect(await cache.get(key('a', 'small'))).toBeUndefined();
  expect(await cache.get(key('b', 'small'))).toEqual(entry('b'));
});

test('whoever has many made loses their own first, and leaves those of others', async () => {
  using place = emptyFolder();
  const cache = place.cache({ bytesMax: 16 * 4_096 });
  for (const of of 'abcdefgh') await cache.put(key(of), entry(of), of);
  for (let n = 0; n < 50; n += 1) await cache.put(key(`many ${n}`), entry('x'), 'greedy');
  expect(await kept(cache, 'abcdefgh')).toBe('abcdefgh');
  expect(await cache.get(key('many 49'))).toBeDefined();
  expect(readdirSync(place.folder)).toHaveLength(16);
});

test('whoever has many small ones made has their part of the places, as of the bytes', async () => {
  using place = emptyFolder();
  const cache = place.cache({ bytesMax: 1e9, entriesMax: 16 });
  for (const of of 'abcdefgh') await cache.put(key(of), entry(of), of);
  for (let n = 0; n < 50; n += 1) await cache.put(key(`many ${n}`), entry('x'), 'greedy');
  expect(await kept(cache, 'abcdefgh')).toBe('abcdefgh');
  expect(readdirSync(place.folder)).toHaveLength(16);
  const after = place.cache({ bytesMax: 1e9, entriesMax: 4 });
  await after.put(key('i'), entry('i'), 'i');
  expect(readdirSync(place.folder)).toHaveLength(4);
});

test('what an entry is can be told without reading it again, until its file is another', async () => {
  using place = emptyFolder();
  const cache = place.cache();
  await cache.put(key('a'), entry('one'), 'x');
  const told = { contentType: 'image/png', length: 1_000 };
  const file = join(place.folder, readdirSync(place.folder)[0]!);
  const written = new Date(1_000_000);
  utimesSync(file, written, written);
  expect(await cache.describe(key('a'))).toMatchObject(told);
  writeFileSync(file, readFileSync(file).fill(1, 900, 901));
  utimesSync(file, written, written);
  expect(await cache.describe(key('a')), 'it is not read').toMatchObject(told);
  utimesSync(file, written, new Date(1_000_010));
  expect(await cache.describe(key('a'))).toBeUndefined();
  expect(await cache.describe(key('b'))).toBeUndefined();
});

test('what was being written when the machine fell is taken away, and what is not its own left alone', async () => {
  using place = emptyFolder();
  await place.cache().put(key('a'), entry('one'), 'someone');
  const [name] = readdirSync(place.folder);
  writeFileSync(join(place.folder, `${name}.new-3b241101-e2bb-4255-8caf-4136c566a962`), 'half');
  writeFileSync(join(place.folder, 'important.txt'), 'of somebody else');
  await place.cache().put(key('b'), entry('two'), 'someone');
  expect(readdirSync(place.folder)).toHaveLength(3);
  expect(readdirSync(place.folder)).toContain('important.txt');
});

test('where the folder cannot be used it does without, says so once, and tries again a minute later', async () => {
  using place = emptyFolder();
  writeFileSync(join(place.folder, 'file'), '');
  const folder = join(place.folder, 'file/cache');
  const cache = place.cache({ folder });
  await cache.put(key('a'), entry('one'), 'someone');
  await cache.put(key('a'), entry('one'), 'someone');
  expect(await cache.get(key('a'))).toBeUndefined();
  expect(await cache.staysUpTo()).toBe(0);
  expect(place.told).toEqual([`Nothing can be kept in ${folder} (media.cacheFolder)`]);
  rmSync(join(place.folder, 'file'));
  await cache.put(key('a'), entry('one'), 'someone');
  expect(await cache.get(key('a'))).toBeUndefined();
  place.clock.ms += 60_000;
  await cache.put(key('a'), entry('one'), 'someone');
  expect(await cache.get(key('a'))).toEqual(entry('one'));
});

test('on a disk that is nearly full it keeps nothing, and gives back half of what it has', async () => {
  using place = emptyFolder();
  const before = place.cache();
  for (const name of 'abcd') await before.put(key(name), entry(name), 'someone');
  await place.cache({ freeShareMin: 1.1 }).put(key('e'), entry('e'), 'someone');
  expect(readdirSync(place.folder)).toHaveLength(2);
  expect(await before.get(key('e'))).toBeUndefined();
});

test('what is as large as it says stays, with a small one beside it, when others come', async () => {
  using place = emptyFolder();
  const cache = place.cache({ bytesMax: 100 * 4_096 });
  const stays = await cache.staysUpTo();
  expect(stays).toBeGreaterThan(4_096);
  await cache.put(key('of others'), entry('x', 25 * 4_096 - 500), 'other');
  for (let n = 0; n < 60; n += 1) await cache.put(key(`more ${n}`), entry('x'), 'more');
  for (let n = 0; n < 3; n += 1) await cache.put(key(`large ${n}`), entry('x', stays), 'greedy');
  await cache.put(key('large 2', 'what it is'), entry('{}'), 'greedy');
  expect(await cache.get(key('large 2'))).toBeDefined();
  expect(await cache.get(key('large 2', 'what it is'))).toBeDefined();
});

test.each<[string, Partial<DiskCacheOptions>]>([
  ['there is to be nothing', { bytesMax: 0 }],
  ['all together have no room for one', { bytesMax: 16 * 4_096 }],
  ['the disk is nearly full', { freeShareMin: 1.1 }],
])('where %s it says that nothing stays', async (_what, options) => {
  using place = emptyFolder();
  expect(await place.cache(options).staysUpTo()).toBe(0);
});

async function kept(cache: DiskCache, keys: string): Promise<string> {
  const found = await Promise.all([...keys].map((name) => cache.get(key(name))));
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
