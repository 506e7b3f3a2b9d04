import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { type ApiOptions, type ApiServer, startApi } from '../../../test/support/api-server.ts';

const UPLOAD = '/_matrix/media/v3/upload';
const DOWNLOAD = '/_matrix/client/v1/media/download';

test('what was uploaded is given back, byte by byte, under its type and name', async () => {
  await using person = await someone();
  for (const length of [0, 1, 65_536, 1_000_000]) {
    const bytes = randomBytes(length);
    const mediaId = await person.upload(bytes, { name: 'cat.png', type: 'image/png' });
    const { status, headers, body } = await person.download(mediaId);
    expect(status).toBe(200);
    expect(body.equals(bytes)).toBe(true);
    expect(headers.get('content-type')).toBe('image/png');
    expect(headers.get('content-disposition')).toBe('inline; filename=cat.png');
    expect(headers.get('content-length')).toBe(String(length));
  }
});

test('a browser runs nothing of it, and may show it on the pages of clients', async () => {
  await using person = await someone();
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
  const mediaId = await person.upload(Buffer.from(svg), { type: 'image/svg+xml' });
  const { headers } = await person.download(mediaId);
  expect(headers.get('content-disposition')).toBe('attachment');
  expect(headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'; /);
  expect(headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('access-control-allow-origin')).toBe('*');
});

test.each([
  ['text/plain; charset=utf-8', 'text/plain; charset=utf-8', 'inline'],
  ['TEXT/PLAIN', 'TEXT/PLAIN', 'inline'],
  ['text/html', 'text/html', 'attachment'],
  ['application/pdf', 'application/pdf', 'attachment'],
  ['nonsense', 'application/octet-stream', 'attachment'],
  ['image/png, text/html', 'application/octet-stream', 'attachment'],
  [undefined, 'application/octet-stream', 'attachment'],
])('of the type %s it is served as %s, %s', async (type, served, disposition) => {
  await using person = await someone();
  const mediaId = await person.upload(Buffer.from('x'), { type });
  const { headers } = await person.download(mediaId);
  expect(headers.get('content-type')).toBe(served);
  expect(headers.get('content-disposition')).toBe(disposition);
});

test.each([
  ['кот 猫.png', "inline; filename*=utf-8''%D0%BA%D0%BE%D1%82%20%E7%8C%AB.png"],
  [`it's "(1)*.png`, "inline; filename*=utf-8''it%27s%20%22%281%29%2A.png"],
  ['../../etc/passwd', 'inline; filename=passwd'],
  ['C:\\windows\\a.png', 'inline; filename=a.png'],
  ['a\r\nX-Bad: 1.png', "inline; filename*=utf-8''aX-Bad%3A%201.png"],
  ['..', 'inline'],
  ['/', 'inline'],
])('a file that is called %s is called so, and is a name and no path', async (name, expected) => {
  await using person = await someone();
  const mediaId = await person.upload(Buffer.from('x'), { name, type: 'image/png' });
  expect((await person.download(mediaId)).headers.get('content-disposition')).toBe(expected);
  // Which no URL can end in.
  if (name === '..') return;
  const renamed = await person.download(
    `${mediaId}/${encodeURIComponent(name.replaceAll('/', '\\'))}`,
  );
  expect(renamed.headers.get('content-disposition')).toBe(expected);
});

test('a part of it is read from anywhere, over the borders of its pieces', async () => {
  await using person = await someone();
  const bytes = randomBytes(700_000);
  const mediaId = await person.upload(bytes);
  for (const [from, to] of [
    [0, 0],
    [65_535, 65_536],
    [1_000, 650_000],
    [699_999, 699_999],
  ] as const) {
    const { status, body } = await person.download(mediaId, { range: `bytes=${from}-${to}` });
    expect(status).toBe(206);
    expect(body.equals(bytes.subarray(from, to + 1))).toBe(true);
  }
  const beyond = await person.download(mediaId, { range: 'bytes=700000-' });
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */700000']);
});

test('who has it already is sent nothing, and HEAD tells how much there is', async () => {
  await using person = await someone();
  const mediaId = await person.upload(randomBytes(100_000));
  const { headers } = await person.download(mediaId);
  const again = await person.download(mediaId, { 'if-none-match': headers.get('etag')! });
  expect([again.status, again.body.length]).toEqual([304, 0]);
  const head = await person.fetch('HEAD', `${DOWNLOAD}/example.org/${mediaId}`);
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '100000']);
});

test('a body that stops half-way is no upload, and nothing of it is left', async () => {
  await using person = await someone();
  const socket = await person.begin();
  await vi.waitFor(async () => expect(await person.rows('media_piece')).toBeGreaterThan(1));
  socket.destroy();
  await vi.waitFor(async () => expect(await person.rows('media_piece', 'media_upload')).toBe(0));
  expect(await person.rows('media')).toBe(0);
});

test('a body that is too long is refused, whether it says so or not, and nothing of it is left', async () => {
  await using person = await someone({ media: { uploadBytesMax: 300_000 } });
  const config = await person.fetch('GET', '/_matrix/client/v1/media/config');
  expect(await config.json()).toEqual({ 'm.upload.size': 300_000 });
  const declared = await person.fetch('POST', UPLOAD, randomBytes(300_001));
  expect([declared.status, await codeOf(declared)]).toEqual([413, 'M_TOO_LARGE']);
  const beyondQuota = await person.begin(9_999_999_999);
  expect(String((await once(beyondQuota, 'data'))[0])).toMatch(/ 413 /);
  const stream = new Blob([randomBytes(200_000), randomBytes(200_000)]).stream();
  const chunked = await person.fetch('POST', UPLOAD, stream);
  expect([chunked.status, await codeOf(chunked)]).toEqual([413, 'M_TOO_LARGE']);
  await vi.waitFor(async () => expect(await person.rows('media_piece', 'media_upload')).toBe(0));
  expect(await person.rows('media')).toBe(0);
});

test('nobody uploads more in all than they may, also not with several at once', async () => {
  await using person = await someone({ media: { userBytesMax: 250_000 } });
  const replies = await Promise.all(
    Array.from({ length: 5 }, () => person.fetch('POST', UPLOAD, randomBytes(100_000))),
  );
  const refused = replies.map(({ status }) => status).filter((status) => status !== 200);
  // 429 as long as what the first two hold might yet break off.
  expect(refused.map((status) => [403, 429].includes(status))).toEqual([true, true, true]);
  const stream = new Blob([randomBytes(100_000)]).stream();
  const undeclared = await person.fetch('POST', UPLOAD, stream);
  expect([undeclared.status, await codeOf(undeclared)]).toEqual([403, 'M_FORBIDDEN']);
  expect((await person.fetch('POST', UPLOAD, randomBytes(50_000))).status).toBe(200);
  const other = await person.api.register('bob');
  expect((await person.fetch('POST', UPLOAD, randomBytes(200_000), other)).status).toBe(200);
});

test('all together upload no more than the server takes', async () => {
  await using person = await someone({ media: { bytesMax: 250_000 } });
  const bob = await person.api.register('bob');
  expect((await person.fetch('POST', UPLOAD, randomBytes(200_000))).status).toBe(200);
  expect((await person.fetch('POST', UPLOAD, randomBytes(100_000), bob)).status).toBe(403);
  expect((await person.fetch('POST', UPLOAD, randomBytes(50_000), bob)).status).toBe(200);
});

test('a media id is known before its content, and whoever asks for that waits for it', async () => {
  await using person = await someone();
  const { mediaId, expires } = await person.create();
  expect(expires).toBe(person.api.clock.ms + 24 * 3_600_000);
  const early = await person.fetch('GET', `${DOWNLOAD}/example.org/${mediaId}?timeout_ms=0`);
  expect([early.status, await codeOf(early)]).toEqual([504, 'M_NOT_YET_UPLOADED']);
  const bytes = randomBytes(200_000);
  const waiting = person.download(mediaId);
  const put = await person.put(mediaId, bytes);
  expect([put.status, await put.json()]).toEqual([200, {}]);
  const { status, body } = await waiting;
  expect([status, body.equals(bytes)]).toEqual([200, true]);
  const again = await person.put(mediaId, bytes);
  expect([again.status, await codeOf(again)]).toEqual([409, 'M_CANNOT_OVERWRITE_MEDIA']);
});

test('of two who give one media id content at once one does, and the other is told so', async () => {
  await using person = await someone();
  const { mediaId } = await person.create();
  const contents = [randomBytes(300_000), randomBytes(300_000)];
  const replies = await Promise.all(contents.map((bytes) => person.put(mediaId, bytes)));
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
  const kept = contents[replies.findIndex(({ status }) => status === 200)]!;
  expect((await person.download(mediaId)).body.equals(kept)).toBe(true);
  await vi.waitFor(async () => expect(await person.rows('media_upload')).toBe(0));
  expect(await person.bytesStored()).toBe(300_000);
});

test('only who has created a media id gives it content, in its time', async () => {
  await using person = await someone();
  const bob = await person.api.register('bob');
  const { mediaId, expires } = await person.create();
  const others = await person.put(mediaId, Buffer.from('x'), bob);
  expect([others.status, await codeOf(others)]).toEqual([403, 'M_FORBIDDEN']);
  person.api.clock.ms = expires;
  const late = await person.put(mediaId, Buffer.from('x'));
  expect([late.status, await codeOf(late)]).toEqual([404, 'M_NOT_FOUND']);
  expect((await person.download(mediaId)).status).toBe(404);
});

test('nobody creates more than a hundred media ids that stay without content', async () => {
  await using person = await someone();
  for (let n = 0; n < 100; n += 1) await person.create();
  const more = await person.fetch('POST', '/_matrix/media/v1/create');
  expect([more.status, await codeOf(more)]).toEqual([429, 'M_LIMIT_EXCEEDED']);
});

test('a media id that is guessed, or of another server, is unknown', async () => {
  await using person = await someone();
  const mediaId = await person.upload(Buffer.from('x'));
  expect(mediaId).toMatch(/^[\w-]{24}$/);
  for (const at of ['example.org/aaaaaaaaaaaaaaaaaaaaaaaa', `elsewhere.org/${mediaId}`]) {
    const reply = await person.fetch('GET', `${DOWNLOAD}/${at}`);
    expect([reply.status, await codeOf(reply)]).toEqual([404, 'M_NOT_FOUND']);
  }
});

test('without a token nothing is given, unless the operator opens the paths of before', async () => {
  const OLD = '/_matrix/media/v3/download/example.org';
  for (const withoutToken of [false, true]) {
    await using person = await someone({ media: { withoutToken } });
    const mediaId = await person.upload(Buffer.from('x'));
    const old = await fetch(`${person.api.origin}${OLD}/${mediaId}`);
    expect(old.status).toBe(withoutToken ? 200 : 404);
    const named = await fetch(`${person.api.origin}${OLD}/${mediaId}/a.png`);
    expect(named.status).toBe(withoutToken ? 200 : 404);
    expect((await fetch(`${person.api.origin}${DOWNLOAD}/example.org/${mediaId}`)).status).toBe(
      401,
    );
  }
});

test('who has no token is told of content that is still to come, and does not wait for it', async () => {
  await using person = await someone();
  const { mediaId } = await person.create();
  const ask = async (path: string) => {
    const reply = await fetch(`${person.api.origin}/_matrix/media/v3/${path}`);
    return [reply.status, await codeOf(reply)];
  };
  const NOT_YET = [504, 'M_NOT_YET_UPLOADED'];
  expect(await ask(`download/example.org/${mediaId}?timeout_ms=600000`)).toEqual(NOT_YET);
  expect(await ask(`thumbnail/example.org/${mediaId}?width=9&height=9`)).toEqual(NOT_YET);
  const NONE = [404, 'M_NOT_FOUND'];
  expect(await ask(`download/elsewhere.org/${mediaId}`)).toEqual(NONE);
  expect(await ask('download/example.org/aaaaaaaaaaaaaaaaaaaaaaaa')).toEqual(NONE);
  await person.put(mediaId, Buffer.from('x'));
  expect(await ask(`download/example.org/${mediaId}`)).toEqual(NONE);
});

test('a repeat of an upload, here or at the next writer, is told its media id and stores nothing', async () => {
  await using person = await someone({ behindFront: true });
  const bytes = randomBytes(150_000);
  const named = { 'x-farol-request-id': 'front-a:00000001' };
  const ask = (api: ApiServer) =>
    fetch(`${api.origin}${UPLOAD}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${person.token}`, ...named },
      body: bytes,
    }).then((reply) => reply.json());
  const first = await ask(person.api);
  expect(await ask(person.api)).toEqual(first);
  await using next = await startApi({ fresh: person.api.fresh, behindFront: true });
  expect(await ask(next)).toEqual(first);
  expect([await person.rows('media'), await person.bytesStored()]).toEqual([1, 150_000]);
});

test('what a writer left half uploaded is taken away by the next, and nothing else', async () => {
  await using person = await someone();
  const bytes = randomBytes(300_000);
  const mediaId = await person.upload(bytes);
  const { database } = person.api.fresh;
  const half = await person.api.writer.reserve(1);
  await database.query('half', 'INSERT INTO media_upload VALUES ($1)', [half]);
  await database.query(
    'half_piece',
    `INSERT INTO media_piece SELECT $1, n, '\\x00' FROM generate_series(1, 11) AS n`,
    [half],
  );
  await using next = await startApi({ fresh: person.api.fresh });
  await vi.waitFor(async () => expect(await person.rows('media_upload')).toBe(0));
  await vi.waitFor(async () => expect(await person.bytesStored()).toBe(300_000));
  const headers = { authorization: `Bearer ${person.token}` };
  const asked = fetch(`${next.origin}${DOWNLOAD}/example.org/${mediaId}`, { headers });
  expect((await answered(asked)).body.equals(bytes)).toBe(true);
});

test('many at once: each id has its own bytes, and beyond sixteen one waits', async () => {
  await using person = await someone();
  const contents = Array.from({ length: 16 }, () => randomBytes(10_000));
  const ids = await Promise.all(contents.map((bytes) => person.upload(bytes)));
  for (const [at, mediaId] of ids.entries())
    expect(hashOf((await person.download(mediaId)).body)).toBe(hashOf(contents[at]!));
  const stalled = await Promise.all(contents.map(() => person.begin()));
  await vi.waitFor(async () => expect(await person.rows('media_upload')).toBe(16));
  const more = await person.fetch('POST', UPLOAD, Buffer.from('x'));
  expect([more.status, await codeOf(more)]).toEqual([429, 'M_LIMIT_EXCEEDED']);
  for (const socket of stalled) socket.destroy();
  await vi.waitFor(async () => expect(await person.rows('media_upload')).toBe(0));
  await person.upload(Buffer.from('x'));
});

test('of ten thousand tiny files as many are taken as kibibytes may be uploaded, and of the others nothing is left', async () => {
  await using person = await someone({ media: { userBytesMax: 200 * 1_024 } });
  // Empty ones, those that say how long they are, and those that do not, by turns.
  const bodyOf = (n: number) => [undefined, Buffer.from('x'), new Blob(['x']).stream()][n % 3];
  let [empty, filled, refused] = [0, 0, 0];
  const upload = async (n: number): Promise<void> => {
    const reply = await person.fetch('POST', UPLOAD, bodyOf(n));
    await reply.arrayBuffer();
    // Another one, of which nobody knew yet whether it breaks off.
    if (reply.status === 429) return upload(n);
    if (reply.status === 403) refused += 1;
    else if (n % 3 === 0) empty += 1;
    else filled += 1;
    expect([200, 403]).toContain(reply.status);
  };
  let next = 0;
  const uploadNext = async () => {
    while (next < 10_000) await upload(next++);
  };
  await Promise.all(Array.from({ length: 16 }, uploadNext));
  expect([empty + filled, refused]).toEqual([200, 9_800]);
  await vi.waitFor(async () => expect(await person.rows('media_upload')).toBe(0));
  expect([await person.rows('media'), await person.rows('media_piece')]).toEqual([200, filled]);
  const bob = await person.api.register('bob');
  expect((await person.fetch('POST', UPLOAD, Buffer.from('x'), bob)).status).toBe(200);
});

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const codeOf = async (reply: Response) => ((await reply.json()) as { errcode: string }).errcode;
const idIn = (answer: unknown) =>
  /^mxc:\/\/example\.org\/([\w-]+)$/.exec((answer as { content_uri: string }).content_uri)![1]!;

/** A server, and a user of it who deals in files. */
async function someone(options: ApiOptions = {}) {
  const api = await startApi(options);
  const token = await api.register('alice');
  const fetchAs = (method: string, path: string, body?: BodyInit | Buffer, by = token, more = {}) =>
    fetch(api.origin + path, {
      method,
      headers: { authorization: `Bearer ${by}`, ...more },
      ...(body !== undefined && { body: body as BodyInit, duplex: 'half' }),
    });
  const count = async (table: string) => {
    const sql = `SELECT count(*) FROM ${table}`;
    const [row] = await api.fresh.database.query<{ count: number }>(`count_${table}`, sql);
    return row!.count;
  };
  return {
    ...{ api, token, fetch: fetchAs },
    async upload(bytes: Buffer, { name, type }: { name?: string; type?: string | undefined } = {}) {
      const query = name === undefined ? '' : `?filename=${encodeURIComponent(name)}`;
      const more = type === undefined ? {} : { 'content-type': type };
      const reply = await fetchAs('POST', UPLOAD + query, bytes, token, more);
      expect(reply.status).toBe(200);
      return idIn(await reply.json());
    },
    async create() {
      const reply = await fetchAs('POST', '/_matrix/media/v1/create');
      const answer = (await reply.json()) as { unused_expires_at: number };
      return { mediaId: idIn(answer), expires: answer.unused_expires_at };
    },
    put: (mediaId: string, bytes: Buffer, by = token) =>
      fetchAs('PUT', `${UPLOAD}/example.org/${mediaId}`, bytes, by),
    async download(mediaId: string, more: Record<string, string> = {}) {
      const path = `${DOWNLOAD}/example.org/${mediaId}`;
      const { status, headers, ...reply } = await answered(
        fetchAs('GET', path, undefined, token, more),
      );
      return { status, headers, body: reply.body };
    },
    async rows(...tables: string[]) {
      const counts = await Promise.all(tables.map(count));
      return counts.reduce((sum, each) => sum + each, 0);
    },
    async bytesStored() {
      const sql = 'SELECT coalesce(sum(length(bytes)), 0)::int8 AS bytes FROM media_piece';
      const [row] = await api.fresh.database.query<{ bytes: number }>('bytes_stored', sql);
      return row!.bytes;
    },
    /** An upload that stops half-way. */
    async begin(length = 1_000_000) {
      const socket = connect(Number(new URL(api.origin).port), '127.0.0.1');
      await once(socket, 'connect');
      const head = `POST ${UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`;
      socket.write(`${head}Content-Length: ${length}\r\n\r\n`);
      socket.write(randomBytes(500_000));
      return socket;
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

async function answered(asking: Promise<Response>) {
  const reply = await asking;
  const { status, headers } = reply;
  return { status, headers, body: Buffer.from(await reply.arrayBuffer()) };
}
