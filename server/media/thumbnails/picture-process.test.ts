import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { processesOf } from '../../../test/support/aside/processes-of.ts';
import { PictureInterrupted, PictureProcess } from './picture-process.ts';
import type { Drawing } from './thumbnail-size.ts';

const BOUNDS = { withinMs: 60_000, memoryBytesMax: 512 * 1_024 * 1_024, idleMs: 60_000 };
const SMALL = { width: 32, height: 32, method: 'crop', isAnimated: false } as const;
const TOO_LARGE = { kind: 'undrawable', why: 'too large' };

test('a picture that needs more memory than there is costs one process, and the next is drawn', async () => {
  using pictures = new Pictures({ ...BOUNDS, memoryBytesMax: 100 * 1_024 * 1_024 });
  // Interlaced, so that it cannot be read line by line: 300 MB.
  const bomb = await sharp({
    create: { width: 10_000, height: 10_000, channels: 3, background: 'red' },
  })
    .png({ progressive: true })
    .toBuffer();
  expect(bomb.length).toBeLessThan(2_000_000);
  expect(await pictures.draw(bomb)).toEqual(TOO_LARGE);
  expect(await pictures.draw(await plain())).toMatchObject({ kind: 'drawn' });
});

test('one that is ended from outside blames no picture, and is replaced', async () => {
  using pictures = new Pictures();
  const bytes = await plain();
  await pictures.draw(bytes);
  const [before] = drawingProcesses();
  const meanwhile = (async function* () {
    yield bytes.subarray(0, 10);
    process.kill(before!, 'SIGKILL');
    yield bytes.subarray(10);
  })();
  await expect(pictures.process.draw(meanwhile, SMALL)).rejects.toThrow(PictureInterrupted);
  expect(await pictures.draw(bytes)).toMatchObject({ kind: 'drawn' });
  expect(drawingProcesses()).not.toContain(before);
});

test('one that takes longer than it may is ended', async () => {
  using pictures = new Pictures({ ...BOUNDS, withinMs: 0 });
  const large = await plain(4_000);
  expect(await pictures.draw(large)).toEqual(TOO_LARGE);
  await expect.poll(drawingProcesses).toEqual([]);
});

test('where the picture cannot be read nothing of it is left for the next', async () => {
  using pictures = new Pictures();
  const broken = (async function* () {
    yield (await plain()).subarray(0, 50);
    throw new Error('the database is gone');
  })();
  await expect(pictures.process.draw(broken, SMALL)).rejects.toThrow('the database is gone');
  expect(await pictures.draw(await plain())).toMatchObject({ kind: 'drawn' });
});

test('what no compression makes small is drawn less exactly: a slow client has it in memory for long', async () => {
  using pictures = new Pictures();
  const side = 1_600;
  const noise = sharp(randomBytes(side * side * 3), {
    raw: { width: side, height: side, channels: 3 },
  }).ensureAlpha(0.5);
  const wanted = { width: side, height: side, method: 'scale', isAnimated: false } as const;
  const drawn = await pictures.draw(await noise.png({ compressionLevel: 1 }).toBuffer(), wanted);
  expect(drawn).toMatchObject({ kind: 'drawn', contentType: 'image/webp' });
  expect((drawn as { bytes: Uint8Array }).bytes.length).toBeLessThanOrEqual(4 * 1_024 * 1_024);
});

test('without anything to do it ends', async () => {
  using pictures = new Pictures({ ...BOUNDS, idleMs: 0 });
  await pictures.draw(await plain());
  await expect.poll(drawingProcesses).toEqual([]);
  expect(await pictures.draw(await plain())).toMatchObject({ kind: 'drawn' });
});

test('it knows nothing of the environment of the server', async () => {
  using pictures = new Pictures();
  process.env.FAROL_SECRET = 'hush';
  await pictures.draw(await plain());
  const [pid] = drawingProcesses();
  expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain('hush');
});

const plain = (side = 100) =>
  sharp({ create: { width: side, height: side, channels: 3, background: 'red' } })
    .png()
    .toBuffer();

class Pictures {
  readonly process: PictureProcess;

  constructor(bounds = BOUNDS) {
    this.process = new PictureProcess(bounds);
  }

  draw(bytes: Buffer, drawing: Drawing = SMALL) {
    const all = (async function* () {
      yield bytes;
    })();
    return this.process.draw(all, drawing);
  }

  [Symbol.dispose]() {
    this.process.close();
  }
}

const drawingProcesses = () => processesOf('picture-program.ts');
