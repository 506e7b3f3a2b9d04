import { createHash, randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { type ApiOptions, type ApiServer, startApi } from '../../../test/support/api-server.ts';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { type RunningS3, S3_IS_HERE, startS3 } from '../../../test/support/s3.ts';

/** With a real server that speaks S3. */
const stored = test.skipIf(!S3_IS_HERE);

const DOWNLOAD = '/_matrix/client/v1/media/download/example.org';
const CONTENT = randomBytes(1_500_000);

stored('a file is given out alike before and after it was brought into the store', async () => {
  await using s3 = await startS3(temporaryFolder());
  await using house = await openHouse(there(s3));
  const picture = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const [file, shown, empty] = [
    await house.upload(CONTENT),
    await house.upload(picture),
    await house.upload(Buffer.alloc(0)),
  ];
  await house.moved(3);
  expect(
    s3
      .names()
      .map((name) => s3.bytesOf(name).length)
      .sort(),
  ).toEqual([0, CONTENT.length, picture.length].sort());
  expect(await house.download(file)).toEqual(CONTENT);
  expect(await house.download(empty)).toEqual(Buffer.alloc(0));
  expect(await house.download(file, { range: 'bytes=1000000-1000009' })).toEqual(
    CONTENT.subarray(1_000_000, 1_000_010),
  );
  const thumbnail = await house.get(
    `/_matrix/client/v1/media/thumbnail/example.org/${shown}?width=32&height=32`,
  );
  expect(thumbnail.status).toBe(200);
  expect(await house.uses()).toEqual({
    ...{ wanted: 's3', postgresql: { files: 0, bytes: 0 } },
    s3: { files: 3, bytes: CONTENT.length + picture.length },
  });
});

stored('files are brought back where the operator wants them in the database again', async () => {
  await using s3 = await startS3(temporaryFolder());
  await using house = await openHouse(there(s3));
  const file = await house.upload(CONTENT);
  await house.moved(1);
  await using next = await openHouse(back(s3), house);
  await expect.poll(() => next.uses()).toMatchObject({ wanted: 'postgresql', s3: { files: 0 } });
  await expect.poll(() => s3.names()).toEqual([]);
  expect(await next.download(file)).toEqual(CONTENT);
  expect(await next.rowsOf('media_upload')).toBe(0);
  await using without = await openHouse({}, house);
  expect(await without.download(file)).toEqual(CONTENT);
});

stored(
  'a file that is deleted goes from the store, and what was asked for stays noted of one that was only moved',
  async () => {
    await using s3 = await startS3(temporaryFolder());
    await using house = await openHouse(there(s3));
    const [gone, kept] = [await house.upload(CONTENT), await house.upload(randomBytes(1_000))];
    await house.api.features.mediaAccess.write();
    await house.download(kept);
    await house.api.features.mediaAccess.write();
    await house.moved(2);
    expect(await house.rowsOf('media_access')).toBe(1);
    await house.remove(gone);
    await expect.poll(() => s3.names()).toHaveLength(1);
    await expect.poll(() => house.rowsOf('media_gone')).toBe(0);
    expect((await house.download(kept)).length).toBe(1_000);
    expect((await house.get(`${DOWNLOAD}/${gone}`)).status).toBe(404);
  },
);

stored(
  'a file that is deleted while it is brought into the store is in neither behind that',
  async () => {
    await using s3 = await startS3(temporaryFolder());
    await using house = await openHouse(there(s3));
    s3.freeze();
    const file = await house.upload(CONTENT);
    await house.remove(file);
    expect(await house.rowsOf('media_gone')).toBe(1);
    s3.thaw();
    await expect.poll(() => house.rowsOf('media_gone'), { timeout: 30_000 }).toBe(0);
    expect([s3.names(), await house.rowsOf('media_piece')]).toEqual([[], 0]);
  },
);

stored('while the store is away files are taken, and given from the database', async () => {
  await using s3 = await startS3(temporaryFolder());
  await using house = await openHouse(there(s3));
  const moved = await house.upload(CONTENT);
  await house.moved(1);
  await s3.kill();
  const late = await house.upload(Buffer.from('hello'));
  expect((await house.download(late)).toString()).toBe('hello');
  const answer = await house.get(`${DOWNLOAD}/${moved}`);
  expect([answer.status, await answer.json()]).toEqual([
    502,
    { errcode: 'M_UNKNOWN', error: 'This file cannot be read at the moment' },
  ]);
  expect((await house.get(`${DOWNLOAD}/${moved}`)).status).toBe(502);
  expect(house.errors.join('\n')).toMatch(/^StoreAway: The bucket files of files cannot be used/);
  expect(house.errors, 'it is told once').toHaveLength(1);
  await s3.start();
  expect(await house.download(moved)).toEqual(CONTENT);
  await using next = await openHouse(there(s3), house);
  await next.moved(2);
  expect((await next.download(late)).toString()).toBe('hello');
});

stored('files wait for no other to be brought: four are at once, and no more', async () => {
  await using before = await openHouse();
  for (let n = 0; n < 8; n += 1) await before.upload(randomBytes(100));
  await using s3 = await startS3(temporaryFolder());
  const four = Promise.withResolvers<void>();
  let [underWay, most] = [0, 0];
  const endpoint = await between(s3, {
    asked: ({ method }, to) => {
      if (method !== 'PUT') return;
      underWay += 1;
      most = Math.max(most, underWay);
      to.once('close', () => (underWay -= 1));
      if (underWay === 4) four.resolve();
      return four.promise;
    },
  });
  const objectStore = { ...s3.settings, endpoint, holdsFiles: true };
  await using house = await openHouse({ objectStore }, before);
  await house.moved(8);
  expect(most).toBe(4);
});

stored('a download goes on where its file is moved meanwhile', async () => {
  await using s3 = await startS3(temporaryFolder());
  await using house = await openHouse(there(s3));
  s3.freeze();
  const long = randomBytes(20_000_000);
  const file = await house.upload(long);
  const answer = await house.get(`${DOWNLOAD}/${file}`);
  const reader = answer.body!.getReader();
  const read = [Buffer.from((await reader.read()).value!)];
  s3.thaw();
  await house.moved(1);
  for (let part = await reader.read(); !part.done; part = await reader.read())
    read.push(Buffer.from(part.value));
  expect(sha256(Buffer.concat(read))).toEqual(sha256(long));
});

stored(
  'a file that the store gives back otherwise stays in the database, and is told of once',
  async () => {
    await using s3 = await startS3(temporaryFolder());
    const liar = await lying(s3);
    const objectStore = { ...s3.settings, endpoint: liar, holdsFiles: true };
    await using house = await openHouse({ objectStore });
    const file = await house.upload(CONTENT);
    await expect
      .poll(() => house.errors.join())
      .toMatch(/not moved: what was read is not what was/);
    await house.upload(Buffer.from('another one wakes the mover'));
    await house.moved(1);
    expect(await house.download(file)).toEqual(CONTENT);
    expect(house.errors).toHaveLength(1);
  },
);

stored('an object that is there already, from a writer that died, is no trouble', async () => {
  await using s3 = await startS3(temporaryFolder());
  await using house = await openHouse(there(s3));
  const file = await house.upload(CONTENT);
  await house.moved(1);
  const [name] = s3.names();
  await house.api.fresh.database.query('t_before', 'UPDATE media SET object_key = NULL');
  // As that writer had left it: the object, and the pieces under the same number.
  await house.restorePieces(CONTENT);
  await using next = await openHouse(there(s3), house);
  await next.moved(1);
  expect(s3.names()).toEqual([name]);
  expect(await next.download(file)).toEqual(CONTENT);
});

stored('an object that has gone from the store is told as what it is', async () => {
  await using s3 = await startS3(temporaryFolder());
  await using house = await openHouse(there(s3));
  const file = await house.upload(CONTENT);
  await house.moved(1);
  rmSync(s3.fileOf(s3.names()[0]!));
  expect((await house.get(`${DOWNLOAD}/${file}`)).status).toBe(500);
});

stored('files that have gone from the store keep no others from being brought back', async () => {
  await using s3 = await startS3(temporaryFolder());
  await using house = await openHouse(there(s3));
  const lengths = new Map<string, number>();
  for (let length = 1; length <= 12; length++)
    lengths.set(await house.upload(Buffer.alloc(length)), length);
  await house.moved(12);
  const last = [...lengths.keys()].sort().at(-1)!;
  for (const name of s3.names())
    if (s3.bytesOf(name).length !== lengths.get(last)) rmSync(s3.fileOf(name));
  await using next = await openHouse(back(s3), house);
  await expect.poll(() => next.uses()).toMatchObject({ postgresql: { files: 1 } });
  expect((await next.download(last)).length).toBe(lengths.get(last));
});

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const there = ({ settings }: RunningS3) => ({ objectStore: { ...settings, holdsFiles: true } });
const back = ({ settings }: RunningS3) => ({ objectStore: { ...settings, holdsFiles: false } });

/** Between us and the store: of what is read long it turns a bit round. */
const lying = (s3: RunningS3): Promise<string> =>
  between(s3, {
    given: ({ method }, bytes, { headers }) => {
      if (method === 'GET' && Number(headers['content-length']) > 1_000) bytes[0]! ^= 1;
    },
  });

interface Between {
  /** Before the store is asked. */
  readonly asked?: (from: IncomingMessage, to: ServerResponse) => Promise<void> | undefined;
  readonly given?: (from: IncomingMessage, bytes: Buffer, answer: IncomingMessage) => void;
}

async function between({ settings }: RunningS3, { asked, given }: Between): Promise<string> {
  const port = Number(new URL(settings.endpoint).port);
  const server = createServer(async (from: IncomingMessage, to: ServerResponse) => {
    const { method, url: path, headers } = from;
    await asked?.(from, to);
    const passed = ask({ port, host: '127.0.0.1', method, path, headers }, (answer) => {
      to.writeHead(answer.statusCode!, answer.headers);
      answer.on('data', (bytes: Buffer) => {
        given?.(from, bytes, answer);
        to.write(bytes);
      });
      answer.once('end', () => to.end());
    });
    from.pipe(passed);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close().closeAllConnections());
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

interface Before {
  readonly api: ApiServer;
  readonly token: string;
}

/** On the database of another one, whose accounts are there: the next writer. */
async function openHouse(options: ApiOptions = {}, before?: Before) {
  const errors: unknown[] = [];
  const api = await startApi({
    ...options,
    ...(before && { fresh: before.api.fresh }),
    onError: (error) => errors.push(String(error)),
  });
  const token = before?.token ?? (await api.register('ann', 'D', { admin: true }));
  const headers = { authorization: `Bearer ${token}` };
  const get = (path: string, more: Record<string, string> = {}) =>
    fetch(api.origin + path, { headers: { ...headers, ...more } });
  const rowsOf = async (table: string) => {
    const sql = `SELECT count(*) FROM ${table}`;
    const [row] = await api.fresh.database.query<{ count: number }>(`t_${table}`, sql);
    return row!.count;
  };
  const uses = async () => (await get('/_farol/admin/v1/media/stores')).json();
  return {
    ...{ api, token, errors, get, rowsOf, uses },
    async upload(bytes: Buffer): Promise<string> {
      const reply = await fetch(`${api.origin}/_matrix/media/v3/upload`, {
        ...{ method: 'POST', headers, body: bytes as BodyInit },
      });
      expect(reply.status).toBe(200);
      const { content_uri } = (await reply.json()) as { content_uri: string };
      return content_uri.split('/').at(-1)!;
    },
    async download(mediaId: string, more: Record<string, string> = {}): Promise<Buffer> {
      const reply = await get(`${DOWNLOAD}/${mediaId}`, more);
      expect(reply.ok).toBe(true);
      return Buffer.from(await reply.arrayBuffer());
    },
    async remove(mediaId: string) {
      const { status } = await fetch(
        `${api.origin}/_synapse/admin/v1/media/example.org/${mediaId}`,
        { method: 'DELETE', headers },
      );
      expect(status).toBe(200);
    },
    /** So many files are in the store, and their pieces are not in the database any more. */
    async moved(files: number) {
      await expect.poll(uses, { timeout: 60_000 }).toMatchObject({ s3: { files } });
      await expect.poll(() => rowsOf('media_gone'), { timeout: 60_000 }).toBe(0);
    },
    async restorePieces(bytes: Buffer) {
      await api.fresh.database.query(
        't_pieces',
        'INSERT INTO media_piece (upload_nid, begins_at, bytes) SELECT upload_nid, 0, $1 FROM media',
        [bytes],
      );
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
