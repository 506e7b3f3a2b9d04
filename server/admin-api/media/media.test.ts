import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { type ApiOptions, startApi } from '../../../test/support/api-server.ts';
import { sweepUnread } from '../../media/unused.ts';

const UPLOAD = '/_matrix/media/v3/upload';
const DOWNLOAD = '/_matrix/client/v1/media/download/example.org';
const BOB = '@bob:example.org';
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

test('a file that is deleted is given to nobody, and nothing of it is left', async () => {
  await using house = await openHouse();
  const [gone, kept] = [await house.upload('bob', 300_000), await house.upload('bob', 100_000)];
  const told = await house.root(`DELETE /v1/media/example.org/${gone}`);
  expect(told).toEqual({ status: 200, body: { deleted_media: [gone], total: 1 } });
  expect(await house.statusOf(gone)).toBe(404);
  expect(await house.statusOf(kept)).toBe(200);
  await vi.waitFor(async () => expect(await house.bytesStored()).toBe(100_000));
  await vi.waitFor(async () => expect(await house.rows('media_gone')).toBe(0));
  expect((await house.root(`DELETE /v1/media/example.org/${gone}`)).body.errcode).toBe(
    'M_NOT_FOUND',
  );
  expect((await house.root(`DELETE /v1/media/elsewhere.org/${kept}`)).status).toBe(400);
});

test('what was deleted makes room for others', async () => {
  await using house = await openHouse({ media: { bytesMax: 250_000 } });
  const first = await house.upload('bob', 200_000);
  expect(await house.tryUpload('bob', 100_000)).toBe(403);
  await house.root(`DELETE /v1/media/example.org/${first}`);
  expect(await house.tryUpload('bob', 250_000)).toBe(200);
  expect(await house.tryUpload('bob', 1)).toBe(403);
});

test('two who delete one file at once give its room back once', async () => {
  await using house = await openHouse({ media: { bytesMax: 300_000 } });
  const ids = [await house.upload('bob', 100_000), await house.upload('bob', 200_000)];
  const at = `DELETE /v1/media/example.org/${ids[0]}`;
  await Promise.all([house.root(at), house.root(at), house.root(at)]);
  expect(await house.tryUpload('bob', 100_001)).toBe(403);
  expect(await house.tryUpload('bob', 100_000)).toBe(200);
});

test('a writer that ends before the bytes of a deleted file are gone leaves them to the next', async () => {
  await using house = await openHouse();
  const [gone, kept] = [await house.upload('bob', 900_000), await house.upload('bob', 1_000)];
  const { database } = house.api.fresh;
  await database.query(
    'gone',
    `WITH taken AS (DELETE FROM media WHERE media_id = $1 RETURNING upload_nid, media_id)
     INSERT INTO media_gone SELECT * FROM taken`,
    [gone],
  );
  await using next = await startApi({ fresh: house.api.fresh });
  await vi.waitFor(async () => expect(await house.rows('media_gone')).toBe(0));
  expect(await house.bytesStored()).toBe(1_000);
  const headers = { authorization: `Bearer ${house.tokens.bob}` };
  expect((await fetch(`${next.origin}${DOWNLOAD}/${kept}`, { headers })).status).toBe(200);
});

test('what nobody has asked for in a while is deleted by its age and size, but for pictures, and what is quarantined or protected', async () => {
  await using house = await openHouse();
  const upload = () => house.upload('bob', 2_000);
  const [old, small, read, face, room, hidden, safe] = [
    ...[await upload(), await house.upload('bob', 10), await upload(), await upload()],
    ...[await upload(), await upload(), await upload()],
  ];
  await house.as('bob', `PUT /profile/${BOB}/avatar_url`, { avatar_url: mxc(face) });
  const { room_id } = (await house.as('bob', 'POST /createRoom', {})).body;
  await house.as('bob', `PUT /rooms/${room_id}/state/m.room.avatar`, { url: mxc(room) });
  await house.root(`POST /v1/media/quarantine/example.org/${hidden}`);
  await house.root(`POST /v1/media/protect/${safe}`);
  house.api.clock.ms += 3 * DAY_MS;
  await house.statusOf(read);
  await house.api.features.mediaAccess.write();
  const young = await upload();
  const before = house.api.clock.ms - DAY_MS;
  const wish = `before_ts=${before}&size_gt=1000`;
  const first = await house.root(`POST /v1/media/delete?${wish}`);
  expect(first.body).toEqual({ deleted_media: [old], total: 1 });
  for (const mediaId of [small, read, face, room, safe, young, hidden])
    expect(await house.isThere(mediaId)).toBe(true);
  const second = await house.root(`POST /v1/media/example.org/delete?${wish}&keep_profiles=false`);
  expect(second.body.deleted_media.sort()).toEqual([face, room].sort());
  expect(await house.isThere(hidden)).toBe(true);
  expect((await house.root('POST /v1/media/delete?before_ts=1800000000')).status).toBe(400);
  expect((await house.root(`POST /v1/media/elsewhere.org/delete?${wish}`)).status).toBe(400);
});

test('what is read all the time is not deleted as unused, though that is written down once a day', async () => {
  await using house = await openHouse();
  const [read, old] = [await house.upload('bob', 10), await house.upload('bob', 10)];
  house.api.clock.ms += 10 * DAY_MS;
  for (const hours of [30, 23, 0.5]) {
    await house.statusOf(read);
    await house.api.features.mediaAccess.write();
    house.api.clock.ms += hours * HOUR_MS;
  }
  const before = house.api.clock.ms - HOUR_MS;
  const removed = await house.root(`POST /v1/media/delete?before_ts=${before}`);
  expect(removed.body).toEqual({ deleted_media: [old], total: 1 });
});

test('what was asked for in the last minutes is not deleted as unused', async () => {
  await using house = await openHouse();
  const read = await house.upload('bob', 10);
  house.api.clock.ms += 10 * DAY_MS;
  await house.statusOf(read);
  const before = house.api.clock.ms - HOUR_MS;
  const removed = await house.root(`POST /v1/media/delete?before_ts=${before}`);
  expect(removed.body).toEqual({ deleted_media: [], total: 0 });
});

type Keeping = (house: Awaited<ReturnType<typeof openHouse>>, id: string) => Promise<number>;
test.each<[string, Keeping]>([
  ['protected', async ({ root }, id) => (await root(`POST /v1/media/protect/${id}`)).status],
  [
    'quarantined',
    async ({ root }, id) => (await root(`POST /v1/media/quarantine/example.org/${id}`)).status,
  ],
  ['there, by being given it,', ({ statusOf }, id) => statusOf(id)],
])(
  'whoever is told that a file is %s has it, though others are being deleted for their age',
  async (_, keep) => {
    let found = () => {};
    const mayGoOn = Promise.withResolvers<void>();
    const wasFound = new Promise<void>((resolve) => {
      found = resolve;
    });
    await using house = await openHouse({
      reads: (database) => ({
        async query(name, sql, values) {
          const rows = await database.query(name, sql, values);
          if (name === 'removable_unused' && rows.length > 0) {
            found();
            await mayGoOn.promise;
          }
          return rows as never;
        },
      }),
    });
    const [safe, old] = [await house.upload('bob', 10), await house.upload('bob', 10)];
    house.api.clock.ms += 10 * DAY_MS;
    const removing = house.root(`POST /v1/media/delete?before_ts=${house.api.clock.ms - DAY_MS}`);
    await wasFound;
    expect(await keep(house, safe)).toBe(200);
    mayGoOn.resolve();
    expect((await removing).body).toEqual({ deleted_media: [old], total: 1 });
    expect(await house.isThere(safe)).toBe(true);
  },
);

test('nobody is told that a file is protected between the last look at it and its deletion', async () => {
  const held = Promise.withResolvers<void>();
  const looked = Promise.withResolvers<void>();
  await using house = await openHouse({
    reads: (database) => ({
      async query(name, sql, values) {
        const rows = await database.query(name, sql, values);
        if (name === 'unused_among') {
          looked.resolve();
          await held.promise;
        }
        return rows as never;
      },
    }),
  });
  const old = await house.upload('bob', 10);
  house.api.clock.ms += 10 * DAY_MS;
  const removing = house.root(`POST /v1/media/delete?before_ts=${house.api.clock.ms - DAY_MS}`);
  await looked.promise;
  let isTold = false;
  const told = house.root(`POST /v1/media/protect/${old}`).then(() => {
    isTold = true;
  });
  // Each is an order with its line in the audit, as the first one is.
  for (let n = 0; n < 5; n++)
    await house.root('POST /v1/purge_media_cache?before_ts=1700000000000');
  for (let n = 0; n < 5; n++) await house.as('bob', 'POST /createRoom', {});
  expect(isTold).toBe(false);
  held.resolve();
  expect((await removing).body.total).toBe(1);
  await told;
});

test('by the configuration files go that nobody has asked for in so many days', async () => {
  await using house = await openHouse();
  const [old, face] = [await house.upload('bob', 0), await house.upload('bob', 10)];
  await house.as('bob', `PUT /profile/${BOB}/avatar_url`, { avatar_url: mxc(face) });
  const { mediaRemoval: removal } = house.api.features;
  const sweep = (keptDays: number | undefined) =>
    sweepUnread({ stored: { now: () => house.api.clock.ms }, removal, keptDays });
  house.api.clock.ms += 10 * DAY_MS;
  await sweep(undefined);
  await sweep(11);
  expect(await house.isThere(old)).toBe(true);
  await sweep(9);
  expect(await house.statusOf(old)).toBe(404);
  expect(await house.statusOf(face)).toBe(200);
});

test('a page of what somebody has uploaded is listed, and deleted by the same query', async () => {
  await using house = await openHouse();
  const ids = [];
  for (const bytes of [10, 30, 20]) {
    house.api.clock.ms += 1_000;
    ids.push(await house.upload('bob', bytes, 'cat.png'));
  }
  const [ten, thirty, twenty] = ids;
  const at = `/v1/users/${BOB}/media`;
  const newest = (await house.root(`GET ${at}?limit=2`)).body;
  expect(idsIn(newest)).toEqual([twenty, thirty]);
  expect(newest).toMatchObject({ total: 3, next_token: 2 });
  const bySize = (await house.root(`GET ${at}?order_by=media_length`)).body;
  expect(idsIn(bySize)).toEqual([ten, twenty, thirty]);
  expect(bySize).not.toHaveProperty('next_token');
  expect(bySize.media[0]).toEqual({
    ...{ media_id: ten, media_type: 'image/png', media_length: 10, upload_name: 'cat.png' },
    ...{ created_ts: house.api.clock.ms - 2_000, last_access_ts: null },
    ...{ quarantined_by: null, safe_from_quarantine: false },
  });
  const largest = `${at}?order_by=media_length&dir=b&limit=2`;
  expect((await house.root(`DELETE ${largest}`)).body).toMatchObject({ total: 2 });
  expect(idsIn((await house.root(`GET ${at}`)).body)).toEqual([ten]);
  expect((await house.root('GET /v1/users/@nobody:example.org/media')).status).toBe(404);
});

test('a picture of a preview is not quarantined, and that is said: it stands in no table', async () => {
  await using house = await openHouse();
  for (const verb of ['quarantine', 'unquarantine']) {
    const { status, body } = await house.root(`POST /v1/media/${verb}/example.org/preview-abc`);
    expect([status, body.errcode]).toEqual([404, 'M_NOT_FOUND']);
    expect(body.error).toMatch(/urlPreviews\.deny/);
  }
});

test('what is quarantined is given to nobody until it is out of quarantine, and its bytes stay', async () => {
  await using house = await openHouse();
  const mediaId = await house.upload('bob', 100_000);
  await house.root(`POST /v1/media/quarantine/elsewhere.org/${mediaId}`);
  expect(await house.statusOf(mediaId)).toBe(200);
  await house.root(`POST /v1/media/quarantine/example.org/${mediaId}`);
  expect(await house.statusOf(mediaId)).toBe(404);
  const { media_info } = (await house.root(`GET /v1/media/example.org/${mediaId}`)).body;
  expect(media_info).toMatchObject({
    ...{ user_id: BOB, quarantined_by: '@root:example.org', media_length: 100_000 },
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  expect(await house.bytesStored()).toBe(100_000);
  await house.root(`POST /v1/media/unquarantine/example.org/${mediaId}`);
  expect(await house.statusOf(mediaId)).toBe(200);
});

test('all of a user is quarantined, also an id that is still without content, but for what is protected', async () => {
  await using house = await openHouse();
  const [one, two, safe] = [
    ...[await house.upload('bob', 1), await house.upload('bob', 2), await house.upload('bob', 3)],
  ];
  const foreign = await house.upload('root', 4);
  const { content_uri } = (await house.as('bob', 'POST /_matrix/media/v1/create')).body;
  const pending = content_uri.split('/').at(-1);
  await house.root(`POST /v1/media/protect/${safe}`);
  const at = `POST /v1/user/${BOB}/media/quarantine`;
  expect((await house.root(at)).body).toEqual({ num_quarantined: 3 });
  expect((await house.root(at)).body).toEqual({ num_quarantined: 0 });
  for (const mediaId of [one, two]) expect(await house.statusOf(mediaId)).toBe(404);
  for (const mediaId of [safe, foreign]) expect(await house.statusOf(mediaId)).toBe(200);
  const put = await house.as('bob', `PUT ${UPLOAD}/example.org/${pending}`, {});
  expect(put.status).toBe(404);
  await house.root(`POST /v1/media/unprotect/${safe}`);
  expect((await house.root(at)).body).toEqual({ num_quarantined: 1 });
  expect(await house.statusOf(safe)).toBe(404);
});

test('what is shown in a room is listed and quarantined, with its thumbnails, and no faces are', async () => {
  await using house = await openHouse();
  const upload = () => house.upload('bob', 10);
  const [image, thumbnail, file, picture, face, other] = [
    ...[await upload(), await upload(), await upload(), await upload(), await upload()],
    await upload(),
  ];
  await house.as('bob', `PUT /profile/${BOB}/avatar_url`, { avatar_url: mxc(face) });
  const { room_id } = (await house.as('bob', 'POST /createRoom', {})).body;
  const say = (txn: string, content: object) =>
    house.as('bob', `PUT /rooms/${room_id}/send/m.room.message/${txn}`, content);
  const info = { thumbnail_url: mxc(thumbnail) };
  await say('1', { msgtype: 'm.image', body: 'x', url: mxc(image), info });
  await say('2', { msgtype: 'm.file', body: 'x', file: { url: mxc(file) } });
  await say('3', { msgtype: 'm.image', body: 'x', url: 'mxc://elsewhere.org/abc' });
  await say('4', { msgtype: 'm.text', body: `see ${mxc(other)}` });
  await house.as('bob', `PUT /rooms/${room_id}/state/m.room.avatar`, { url: mxc(picture) });
  const shown = [image, thumbnail, file, picture];
  const { local, remote } = (await house.root(`GET /v1/room/${room_id}/media`)).body;
  expect(local.sort()).toEqual(shown.map(mxc).sort());
  expect(remote).toEqual(['mxc://elsewhere.org/abc']);
  const told = await house.root(`POST /v1/room/${room_id}/media/quarantine`);
  expect(told.body).toEqual({ num_quarantined: 4 });
  for (const mediaId of shown) expect(await house.statusOf(mediaId)).toBe(404);
  for (const mediaId of [face, other]) expect(await house.statusOf(mediaId)).toBe(200);
});

test('whoever is erased leaves no file behind, also none that they are uploading', async () => {
  await using house = await openHouse();
  await house.upload('bob', 100_000);
  await house.upload('bob', 200_000);
  await house.upload('root', 7);
  const slow = await house.begin('bob', 500_000);
  await vi.waitFor(async () => expect(await house.rows('media_upload')).toBe(1));
  await house.root(`POST /v1/deactivate/${BOB}`, { erase: true });
  slow.rest();
  expect(await slow.status()).toBe(403);
  await vi.waitFor(async () => expect(await house.bytesStored()).toBe(7));
  expect(await house.rows('media')).toBe(1);
});

test('whoever only leaves does not take their files along', async () => {
  await using house = await openHouse();
  const mediaId = await house.upload('bob', 100);
  await house.root(`POST /v1/deactivate/${BOB}`);
  expect(await house.statusOf(mediaId, 'root')).toBe(200);
});

test('it is told who has uploaded how much, in a time', async () => {
  await using house = await openHouse();
  await house.as('bob', `PUT /profile/${BOB}/displayname`, { displayname: 'Zé' });
  await house.upload('bob', 100);
  house.api.clock.ms += 1_000;
  const from = house.api.clock.ms;
  await house.upload('bob', 50);
  await house.upload('root', 70);
  const bob = { user_id: BOB, displayname: 'Zé', media_count: 2, media_length: 150 };
  const root = {
    ...{ user_id: '@root:example.org', displayname: null, media_count: 1, media_length: 70 },
  };
  const at = 'GET /v1/statistics/users/media';
  expect((await house.root(at)).body).toEqual({ users: [bob, root], total: 2 });
  expect((await house.root(`${at}?order_by=media_length&dir=f`)).body.users).toEqual([root, bob]);
  const late = (await house.root(`${at}?from_ts=${from}`)).body.users;
  expect(late).toEqual([{ ...bob, media_count: 1, media_length: 50 }, root]);
  const found = (await house.root(`${at}?search_term=z%C3%A9&limit=1`)).body;
  expect(found).toEqual({ users: [bob], total: 1 });
  expect((await house.root(`${at}?from_ts=5&until_ts=5`)).status).toBe(400);
});

test('of other servers nothing is kept that could be purged', async () => {
  await using house = await openHouse();
  const at = 'POST /v1/purge_media_cache';
  const { body } = await house.root(`${at}?before_ts=${house.api.clock.ms}`);
  expect(body).toEqual({ deleted: 0 });
  expect((await house.root(`${at}?before_ts=5`)).status).toBe(400);
});

test('the audit says whose file it was that is deleted', async () => {
  await using house = await openHouse();
  const mediaId = await house.upload('bob', 10);
  await house.root(`DELETE /v1/media/example.org/${mediaId}`);
  const [noted] = await house.api.features.audit.before(Number.MAX_SAFE_INTEGER, 1);
  expect(noted).toMatchObject({ action: 'adminDeleteMedia', target: mediaId });
  expect(JSON.parse(noted!.detail)).toEqual({ user_id: BOB });
});

const mxc = (mediaId: string | undefined) => `mxc://example.org/${mediaId}`;
const idsIn = ({ media }: { media: { media_id: string }[] }) =>
  media.map(({ media_id }) => media_id);

/** A server with an administrator, and bob who uploads. */
async function openHouse(options: ApiOptions = {}) {
  const api = await startApi(options);
  const tokens = {
    root: await api.register('root', 'DESK', { admin: true }),
    bob: await api.register('bob', 'PHONE'),
  };
  type Who = keyof typeof tokens;
  const post = (who: Who, bytes: Buffer, query = '') =>
    fetch(`${api.origin}${UPLOAD}${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${tokens[who]}`, 'content-type': 'image/png' },
      body: bytes as BodyInit,
    });
  return {
    ...{ api, tokens },
    root(request: string, body?: unknown) {
      const [method, path] = request.split(' ');
      return api.ask(`${method} /_synapse/admin${path}`, { token: tokens.root, body });
    },
    as: (who: Who, request: string, body?: unknown) =>
      api.ask(request, { token: tokens[who], body }),
    async upload(who: Who, length: number, name?: string): Promise<string> {
      const query = name === undefined ? '' : `?filename=${name}`;
      const reply = await post(who, randomBytes(length), query);
      expect(reply.status).toBe(200);
      const { content_uri } = (await reply.json()) as { content_uri: string };
      return content_uri.split('/').at(-1)!;
    },
    async tryUpload(who: Who, length: number): Promise<number> {
      const reply = await post(who, randomBytes(length));
      await reply.arrayBuffer();
      return reply.status;
    },
    /** Without asking for its content, which would be noted. */
    async isThere(mediaId: string | undefined): Promise<boolean> {
      const path = `/_synapse/admin/v1/media/example.org/${mediaId}`;
      return (await api.ask(`GET ${path}`, { token: tokens.root })).status === 200;
    },
    async statusOf(mediaId: string | undefined, who: Who = 'bob'): Promise<number> {
      const headers = { authorization: `Bearer ${tokens[who]}` };
      const reply = await fetch(`${api.origin}${DOWNLOAD}/${mediaId}`, { headers });
      await reply.arrayBuffer();
      return reply.status;
    },
    /** An upload whose last byte is to come. */
    async begin(who: Who, length: number) {
      const socket = connect(Number(new URL(api.origin).port), '127.0.0.1');
      await once(socket, 'connect');
      const head = `POST ${UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${tokens[who]}\r\n`;
      socket.write(`${head}Content-Length: ${length}\r\n\r\n`);
      socket.write(randomBytes(length - 1));
      const answered = once(socket, 'data') as Promise<[Buffer]>;
      return {
        rest: () => socket.write('x'),
        async status() {
          const [bytes] = await answered;
          socket.destroy();
          return Number(bytes.toString('latin1').split(' ')[1]);
        },
      };
    },
    async rows(table: string) {
      const sql = `SELECT count(*) FROM ${table}`;
      const [row] = await api.fresh.database.query<{ count: number }>(`count_${table}`, sql);
      return row!.count;
    },
    async bytesStored() {
      const sql = 'SELECT coalesce(sum(length(bytes)), 0)::int8 AS bytes FROM media_piece';
      const [row] = await api.fresh.database.query<{ bytes: number }>('bytes_stored', sql);
      return row!.bytes;
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
