import { setPriority } from 'node:os';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { serveAside } from '../../aside/serve-aside.ts';
import type { Drawn, Measured, Said, Told, Undrawable } from './picture-messages.ts';
import type { Drawing } from './thumbnail-size.ts';

// The process that draws: it reads what strangers have sent, in a library of 20 MB, so it knows nothing, has bounds, and
// may fall. `PictureProcess` starts it.

/** A still picture; of one that moves all of its frames together. */
const PIXELS_MAX = 100_000_000;
const MOVING_PIXELS_MAX = 50_000_000;
const QUALITY = 80;
/** It lies in the server's memory for as long as a slow client reads it. */
const THUMBNAIL_BYTES_MAX = 4 * 1024 * 1024;

behindMessages();
sharp.concurrency(1);
sharp.cache(false);
// SVG is a program with access to files, and what is not named here has never been asked for.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Webp', 'Nsgif', 'Heif'].map((kind) => `VipsForeignLoad${kind}`),
});

let received: Uint8Array[] = [];
const say = serveAside<Told, Said>((told) => {
  if (told.kind === 'bytes') received.push(told.bytes);
  else {
    const picture = Buffer.concat(received);
    received = [];
    const done = told.kind === 'draw' ? draw(picture, told.drawing) : measure(picture);
    void done.catch(undrawable).then(say);
  }
});

async function draw(picture: Buffer, drawing: Drawing): Promise<Drawn | Undrawable> {
  const known = await sharp(picture, { limitInputPixels: false }).metadata();
  if (known.width * known.height > PIXELS_MAX) return { kind: 'undrawable', why: 'too large' };
  for (const form of formsOf(known, drawing)) {
    const drawn = await drawnAs(form, picture, drawing);
    if (drawn.bytes.length <= THUMBNAIL_BYTES_MAX) return drawn;
  }
  return { kind: 'undrawable', why: 'too large' };
}

async function measure(picture: Buffer): Promise<Measured | Undrawable> {
  const known = await sharp(picture, { limitInputPixels: false }).metadata();
  if (known.width * known.height > PIXELS_MAX) return { kind: 'undrawable', why: 'too large' };
  const { width, height } = known.autoOrient;
  const format = known.format === 'heif' ? 'avif' : known.format;
  return { kind: 'measured', contentType: `image/${format}`, width, height };
}

type Form = 'moving' | 'jpeg' | 'png' | 'webp';

/** The first that is light enough. "Servers SHOULD prefer to return `image/webp` thumbnails when supporting animation." */
function formsOf(known: Metadata, { isAnimated }: Drawing): readonly Form[] {
  const still: Form[] = [known.hasAlpha ? 'png' : 'jpeg', 'webp'];
  return isAnimated && mayMove(known) ? ['moving', ...still] : still;
}

async function drawnAs(
  form: Form,
  picture: Buffer,
  { width, height, method }: Drawing,
): Promise<Drawn> {
  const animated = form === 'moving';
  const thumbnail = sharp(picture, {
    ...{ animated, autoOrient: true, failOn: 'error', sequentialRead: true },
    limitInputPixels: PIXELS_MAX,
  }).resize({
    ...{ width, height, fit: method === 'crop' ? 'cover' : 'inside' },
    withoutEnlargement: true,
  });
  const { data, info } = await encoded(thumbnail, form).toBuffer({ resolveWithObject: true });
  return { kind: 'drawn', contentType: `image/${info.format}`, bytes: data };
}

function mayMove({ format, width, height, pages = 1, pageHeight }: Metadata): boolean {
  const isFilm = (format === 'gif' || format === 'webp') && pages > 1;
  return isFilm && width * (pageHeight ?? height) * pages <= MOVING_PIXELS_MAX;
}

function encoded(picture: Sharp, form: Form): Sharp {
  if (form === 'png') return picture.png();
  return form === 'jpeg'
    ? picture.jpeg({ quality: QUALITY })
    : picture.webp({ quality: QUALITY, effort: 2 });
}

const undrawable = (error: Error): Undrawable => ({
  kind: 'undrawable',
  why: /limit|memory/i.test(error.message) ? 'too large' : 'no picture',
});

/** Messages go first. It may be forbidden. */
function behindMessages(): void {
  try {
    setPriority(10);
  } catch {}
}
