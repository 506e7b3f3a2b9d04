import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { expect, test } from 'vitest';
import { type ApiOptions, startApi } from '../../../test/support/api-server.ts';
import type { Database } from '../../storage/database.ts';

const THUMBNAIL = '/_matrix/client/v1/media/thumbnail/example.org';

test.each([
  ['scale', 640, 480, 640, 320],
  ['scale', 300, 100, 256, 128],
  ['crop', 96, 96, 96, 96],
  ['crop', 90, 60, 96, 64],
  ['scale', 5_000, 5_000, 1_600, 800],
])(
  'a picture of 2000x1000 is shown by %s to %ix%i as %ix%i',
  async (method, width, height, ...made) => {
    await using person = await someone();
    const mediaId = await person.upload(
      await picture({ width: 2_000, height: 1_000 }).png().toBuffer(),
    );
    const { status, headers, body } = await person.thumbnail(mediaId, { width, height, method });
    expect([status, headers.get('content-type')]).toEqual([200, 'image/jpeg']);
    const shown = await sharp(body).metadata();
    expect([shown.width, shown.height]).toEqual(made);
  },
);

test.each([
  ['image/jpeg', 'image/jpeg', (drawn: Sharp) => drawn.jpeg()],
  ['image/png', 'image/jpeg', (drawn: Sharp) => drawn.png()],
  ['image/webp', 'image/jpeg', (drawn: Sharp) => drawn.webp()],
  ['image/gif', 'image/png', (drawn: Sharp) => drawn.gif()],
  ['image/avif', 'image/jpeg', (drawn: Sharp) => drawn.avif()],
  ['image/png', 'image/png', (drawn: Sharp) => drawn.ensureAlpha(0.5).png()],
  // Whatever its uploader calls it.
  ['text/html', 'image/jpeg', (drawn: Sharp) => drawn.png()],
])('of %s a thumbnail is %s, to be shown in a browser', async (type, made, drawn) => {
  await using person = await someone();
  const mediaId = await person.upload(await drawn(picture()).toBuffer(), type);
  const { status, headers, body } = await person.thumbnail(mediaId, SMALL);
  expect([status, headers.get('content-type')]).toEqual([200, made]);
  const name = `thumbnail.${made.slice('image/'.length)}`;
  expect(headers.get('content-disposition')).toBe(`inline; filename=${name}`);
  expect(headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'; /);
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  const { r, g, b } = (await sharp(body).stats()).dominant;
  expect([r > 180, g < 80, b < 60]).toEqual([true, true, true]);
});

test('a picture that moves does so in its thumbnail where that is asked for, and only there', async () => {
  await using person = await someone();
  const mediaId = await person.upload(await film());
  for (const query of [{}, { animated: false }]) {
    const { body } = await person.thumbnail(mediaId, { ...SMALL, ...query });
    expect((await sharp(body).metadata()).pages ?? 1).toBe(1);
  }
  const moving = await person.thumbnail(mediaId, { ...SMALL, animated: true });
  expect(moving.headers.get('content-type')).toBe('image/webp');
  const { pages, delay, loop, width, pageHeight } = await sharp(moving.body, {
    animated: true,
  }).metadata();
  expect({ pages, delay, loop }).toEqual({ pages: 3, delay: [100, 200, 300], loop: 2 });
  expect([width, pageHeight]).toEqual([32, 32]);
  const still = await person.upload(await picture().png().toBuffer());
  const asked = await person.thumbnail(still, { ...SMALL, animated: true });
  expect(asked.headers.get('content-type')).toBe('image/jpeg');
});

test('of a picture that is deleted or out of sight no thumbnail is left on the disk', async () => {
  await using person = await someone();
  const { api } = person;
  const token = await api.register('root', 'DESK', { admin: true });
  const shown = async (r: number) => {
    const colour = { r, g: 9, b: 9 };
    const drawn = sharp({ create: { width: 90, height: 90, channels: 3, background: colour } });
    const mediaId = await person.upload(await drawn.png().toBuffer());
    for (const width of [32, 96])
      expect((await person.thumbnail(mediaId, { width, height: 32 })).status).toBe(200);
    return mediaId;
  };
  const [deleted, hidden, byUser] = [await shown(1), await shown(90), await shown(200)];
  expect(readdirSync(person.folder)).toHaveLength(6);
  const order = (request: string) => api.ask(request, { token });
  await order(`DELETE /_synapse/admin/v1/media/example.org/${deleted}`);
  await expect.poll(() => readdirSync(person.folder)).toHaveLength(4);
  await order(`POST /_synapse/admin/v1/media/quarantine/example.org/${hidden}`);
  await expect.poll(() => readdirSync(person.folder)).toHaveLength(2);
  await order('POST /_synapse/admin/v1/user/@alice:example.org/media/quarantine');
  await expect.poll(() => readdirSync(person.folder)).toHaveLength(0);
  expect((await person.thumbnail(byUser, SMALL)).status).toBe(404);
});

test('a quarantine that was answered by an error is repeated, and then no thumbnail is left either', async () => {
  let failing = 0;
  const reads = (database: Database): Database => ({
    query: async (name, ...more) => {
      if (name === 'media_contents_of' && failing-- > 0) throw new Error('the database is slow');
      return database.query<never>(name, ...more);
    },
  });
  await using person = await someone({ reads, behindFront: true });
  const token = await person.api.register('root', 'DESK', { admin: true });
  const mediaId = await person.upload(await picture().png().toBuffer());
  expect((await person.thumbnail(mediaId, SMALL)).status).toBe(200);
  const order = () =>
    person.api.ask(`POST /_synapse/admin/v1/media/quarantine/example.org/${mediaId}`, {
      ...{ token, headers: { 'x-farol-request-id': 'quarantine-1' } },
    });
  failing = 1;
  expect((await order()).status).toBe(500);
  expect((await order()).status).toBe(200);
  await expect.poll(() => readdirSync(person.folder)).toHaveLength(0);
});

test('a photograph stands upright, and its thumbnail does not tell where it was taken', async () => {
  await using person = await someone();
  const photograph = picture({ width: 400, height: 200 })
    .withExif({ IFD0: { Copyright: 'somebody' }, IFD3: { GPSLatitude: '51/1 30/1 3230/100' } })
    .withMetadata({ orientation: 6 });
  const mediaId = await person.upload(await photograph.jpeg().toBuffer());
  const { body } = await person.thumbnail(mediaId, { width: 100, height: 100 });
  const { width, height, exif, orientation } = await sharp(body).metadata();
  expect({ width, height, exif, orientation }).toEqual({ width: 64, height: 128 });
});

test('a picture that is smaller than what is asked for is not made larger', async () => {
  await using person = await someone();
  const mediaId = await person.upload(await picture({ width: 20, height: 10 }).png().toBuffer());
  for (const method of ['crop', 'scale']) {
    const { body } = await person.thumbnail(mediaId, { width: 800, height: 600, method });
    const { width, height } = await sharp(body).metadata();
    expect([width, height]).toEqual([20, 10]);
  }
});

test.each<[string, () => Buffer | Promise<Buffer>, number, string]>([
  ['no picture', () => Buffer.from('hello'), 400, 'M_UNKNOWN'],
  ['empty', () => Buffer.alloc(0), 400, 'M_UNKNOWN'],
  ['cut off', async () => (await noise()).subarray(0, 5_000), 400, 'M_UNKNOWN'],
  ['an SVG, whatever is in it', () => Buffer.from(SVG), 400, 'M_UNKNOWN'],
  ['a picture of 50,000 x 50,000', () => pngHeader(50_000, 50_000), 413, 'M_TOO_LARGE'],
  ['a bomb of 20,000 x 10,000', () => bomb(20_000, 10_000), 413, 'M_TOO_LARGE'],
])(
  'of what is %s there is no thumbnail, now and when asked again',
  async (_what, made, status, code) => {
    await using person = await someone();
    const mediaId = await person.upload(await made());
    for (const pieces of ['there', 'gone']) {
      if (pieces === 'gone')
        await person.api.fresh.database.query('gone', 'DELETE FROM media_piece');
      const reply = await person.thumbnail(mediaId, SMALL);
      expect([reply.status, JSON.parse(reply.body.toString()).errcode]).toEqual([status, code]);
    }
    const fine = await person.upload(await picture().png().toBuffer());
    expect((await person.thumbnail(fine, SMALL)).status).toBe(200);
  },
);

test('who has a thumbnail is not sent it again, a part of it can be had, and HEAD tells of it', async () => {
  await using person = await someone();
  const mediaId = await person.upload(await picture().png().toBuffer());
  const { headers, body } = await person.thumbnail(mediaId, SMALL);
  const etag = headers.get('etag')!;
  const again = await person.thumbnail(mediaId, SMALL, { 'if-none-match': etag });
  expect([again.status, again.body.length]).toEqual([304, 0]);
  const part = await person.thumbnail(mediaId, SMALL, { range: 'bytes=2-9' });
  expect([part.status, part.body]).toEqual([206, body.subarray(2, 10)]);
  const beyond = await person.thumbnail(mediaId, SMALL, { range: `bytes=${body.length}-` });
  expect(beyond.status).toBe(416);
  const head = await person.thumbnail(mediaId, SMALL, {}, 'HEAD');
  expect([head.status, head.headers.get('content-length')]).toEqual([200, `${body.length}`]);
});

test('what was made once is kept over a restart, for its own content alone, and given where that is there', async () => {
  await using person = await someone();
  const { database } = person.api.fresh;
  const bytes = await picture().png().toBuffer();
  const mediaId = await person.upload(bytes);
  const other = await person.upload(await picture({ width: 101 }).png().toBuffer());
  const { body } = await person.thumbnail(mediaId, SMALL);
  await database.query('no_pieces', 'DELETE FROM media_piece');
  const mediaCache = { folder: person.folder, bytesMax: 10_000_000 };
  await using next = await startApi({ fresh: person.api.fresh, mediaCache });
  const reply = await person.thumbnail(mediaId, SMALL, {}, 'GET', next.origin);
  expect([reply.status, reply.body.equals(body)]).toEqual([200, true]);
  // Of which there is none, and nothing to make it of any more.
  expect((await person.thumbnail(other, SMALL, {}, 'GET', next.origin)).status).toBe(500);
  await database.query('no_media', 'DELETE FROM media WHERE media_id = $1', [mediaId]);
  expect((await person.thumbnail(mediaId, SMALL, {}, 'GET', next.origin)).status).toBe(404);
});

test('where nothing can be kept thumbnails are there all the same', async () => {
  const mediaCache = { folder: '/dev/null/cache', bytesMax: 10_000_000 };
  await using person = await someone({ mediaCache, onError: () => {} });
  const mediaId = await person.upload(await picture().png().toBuffer());
  for (const time of ['first', 'again'])
    expect((await person.thumbnail(mediaId, SMALL)).status, time).toBe(200);
});

test('many who want the same picture at once get it', async () => {
  await using person = await someone();
  const mediaId = await person.upload(await noise());
  const all = await Promise.all(Array.from({ length: 50 }, () => person.thumbnail(mediaId, SMALL)));
  expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(all.map(({ headers }) => headers.get('etag'))).size).toBe(1);
});

test.each([
  [{ width: 0, height: 10 }, 'M_INVALID_PARAM'],
  [{ width: -1, height: 10 }, 'M_INVALID_PARAM'],
  [{ width: 1.5, height: 10 }, 'M_INVALID_PARAM'],
  [{ width: 10 }, 'M_MISSING_PARAM'],
  [{ width: 10, height: 10, method: 'fit' }, 'M_INVALID_PARAM'],
  [{ width: 10, height: 10, animated: 'maybe' }, 'M_INVALID_PARAM'],
])('a thumbnail as %j is none', async (query, code) => {
  await using person = await someone();
  const mediaId = await person.upload(await picture().png().toBuffer());
  const { status, body } = await person.thumbnail(mediaId, query);
  expect([status, JSON.parse(body.toString()).errcode]).toEqual([400, code]);
});

test('of what is not there, or not yet, there is no thumbnail', async () => {
  await using person = await someone();
  const nowhere = await person.thumbnail('aaaaaaaaaaaaaaaaaaaaaaaa', SMALL);
  expect(nowhere.status).toBe(404);
  const created = await person.asked('/_matrix/media/v1/create', {}, 'POST');
  const { content_uri: uri } = (await created.json()) as { content_uri: string };
  const early = await person.thumbnail(uri.split('/').at(-1)!, { ...SMALL, timeout_ms: 0 });
  expect([early.status, JSON.parse(early.body.toString()).errcode]).toEqual([
    504,
    'M_NOT_YET_UPLOADED',
  ]);
});

test('without a token there is none, unless the operator opens the paths of before', async () => {
  for (const withoutToken of [false, true]) {
    await using person = await someone({ media: { withoutToken } });
    const mediaId = await person.upload(await picture().png().toBuffer());
    const query = `${mediaId}?width=32&height=32`;
    for (const version of ['v3', 'r0']) {
      const old = `${person.api.origin}/_matrix/media/${version}/thumbnail/example.org/${query}`;
      expect((await fetch(old)).status).toBe(withoutToken ? 200 : 404);
    }
    expect((await fetch(`${person.api.origin}${THUMBNAIL}/${query}`)).status).toBe(401);
  }
});

const film = async () => {
  const frames = ['red', 'green', 'blue'].map((background) =>
    sharp({ create: { width: 200, height: 100, channels: 3, background } })
      .png()
      .toBuffer(),
  );
  return sharp(await Promise.all(frames), { join: { animated: true } })
    .gif({ delay: [100, 200, 300], loop: 2 })
    .toBuffer();
};

const SMALL = { width: 32, height: 32, method: 'crop' };
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><script>alert(1)</script><image href="file:///etc/passwd"/><rect width="100" height="100"/></svg>';

/** Which no compression makes small. */
const noise = () =>
  sharp(randomBytes(100 * 100 * 3), { raw: { width: 100, height: 100, channels: 3 } })
    .png()
    .toBuffer();

/** Two hundred million pixels in some ten kilobytes: the lines are all there. */
const bomb = (width: number, height: number) =>
  png(width, height, deflateSync(Buffer.alloc(height * (1 + width / 8))));

/** That says how large it is, and has nothing of it. */
const pngHeader = (width: number, height: number) => png(width, height, Buffer.alloc(0));

/** In black and white, one bit each. */
function png(width: number, height: number, lines: Buffer): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 1;
  const chunks = [chunk('IHDR', head), chunk('IDAT', lines), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
}

function chunk(kind: string, bytes: Buffer): Buffer {
  const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
  const body = Buffer.concat([Buffer.from(kind), bytes]);
  length.writeUInt32BE(bytes.length);
  checksum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, checksum]);
}

const picture = ({ width = 100, height = 100 } = {}) =>
  sharp({ create: { width, height, channels: 3, background: '#c04020' } });

/** A server that keeps what it makes, and a user of it who deals in pictures. */
async function someone(options: ApiOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'farol-thumbnails-'));
  const api = await startApi({ mediaCache: { folder, bytesMax: 10_000_000 }, ...options });
  const token = await api.register('alice');
  const asked = (path: string, headers = {}, method = 'GET', origin = api.origin) =>
    fetch(origin + path, { method, headers: { authorization: `Bearer ${token}`, ...headers } });
  return {
    ...{ api, token, folder, asked },
    async upload(bytes: Buffer, contentType = 'image/png') {
      const headers = { authorization: `Bearer ${token}`, 'content-type': contentType };
      const upload = `${api.origin}/_matrix/media/v3/upload`;
      const reply = await fetch(upload, { method: 'POST', headers, body: bytes as BodyInit });
      const { content_uri: uri } = (await reply.json()) as { content_uri: string };
      return uri.split('/').at(-1)!;
    },
    async thumbnail(
      mediaId: string,
      query: object,
      headers = {},
      method = 'GET',
      origin = api.origin,
    ) {
      const wanted = new URLSearchParams(Object.entries(query).map(([k, v]) => [k, String(v)]));
      const reply = await asked(`${THUMBNAIL}/${mediaId}?${wanted}`, headers, method, origin);
      return {
        ...{ status: reply.status, headers: reply.headers },
        body: Buffer.from(await reply.arrayBuffer()),
      };
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    },
  };
}
