import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type ApiOptions, startApi } from '../../../test/support/api-server.ts';
import { C_ICAP_IS_HERE, ICAP_BYTES_MAX, startIcap } from '../../../test/support/c-icap.ts';
import { CLAMD_IS_HERE, EICAR, FOUND, startClamd } from '../../../test/support/clamd.ts';
import { temporaryFolder } from '../../../test/support/folder.ts';
import { Awaited } from '../../log/awaited.ts';
import type { ScanningWish } from '../../media/scanning/features.ts';
import { Scanning } from '../../media/scanning/scanning.ts';
import type { ScannerAddress } from '../../media/scanning/told-line.ts';

const DOWNLOAD = '/_matrix/client/v1/media/download/example.org';
const HARMLESS = Buffer.from('hello');
const REFUSED = [403, 'M_FORBIDDEN'];
const NOT_YET = [504, 'M_NOT_YET_UPLOADED'];
const GIVEN = [200, undefined];

/** With ClamAV's real daemon. */
const guarded = test.skipIf(!CLAMD_IS_HERE);

guarded.each([true, false])(
  'what clamd finds something in is given to nobody, here or at the next writer, though nothing is scanned there (local: %s)',
  async (isLocal) => {
    await using clamd = await startClamd(temporaryFolder(), { isLocal });
    await using house = await openHouse({ scanning: byClamd(clamd.at) });
    const [bad, good] = [await house.upload(EICAR), await house.upload(HARMLESS)];
    expect(await house.told(bad)).toEqual(REFUSED);
    expect(await house.told(good)).toEqual(GIVEN);
    expect(await house.told(bad, { kind: 'thumbnail', query: '?width=32&height=32' })).toEqual(
      REFUSED,
    );
    expect(await house.scanOf(bad)).toEqual({ scanned_ts: house.nowMs, scan_found: FOUND });
    expect(await house.scanOf(good)).toEqual({ scanned_ts: house.nowMs, scan_found: null });
    await using next = await startApi({ fresh: house.api.fresh });
    expect(await house.told(bad, { origin: next.origin })).toEqual(REFUSED);
    expect(await house.told(good, { origin: next.origin })).toEqual(GIVEN);
  },
);

/** With c-icap, which asks it. */
const proxied = test.skipIf(!CLAMD_IS_HERE || !C_ICAP_IS_HERE);

proxied(
  'what an ICAP server refuses is given to nobody, nor what it is too large for',
  async () => {
    const folder = temporaryFolder();
    await using clamd = await startClamd(folder, { isLocal: true });
    const { path } = clamd.at as { path: string };
    await using icap = await startIcap(folder, path);
    await using house = await openHouse({
      scanning: { ...BOUNDS, by: { kind: 'icap', at: icap.service } },
    });
    const [bad, good] = [await house.upload(EICAR), await house.upload(HARMLESS)];
    expect(await house.told(bad)).toEqual(REFUSED);
    expect(await house.told(good)).toEqual(GIVEN);
    expect(await house.scanOf(bad)).toEqual({ scanned_ts: house.nowMs, scan_found: FOUND });
    const large = await house.upload(Buffer.alloc(ICAP_BYTES_MAX + 1, 'x'));
    expect(await house.told(large)).toEqual(NOT_YET);
    expect(house.errors.join()).toContain('the ICAP server says: ICAP/1.0 200');
    await icap.kill();
    const later = await house.upload(Buffer.from('later'));
    house.api.clock.ms += 60_001;
    expect(await house.told(later)).toEqual(NOT_YET);
    await icap.start();
    house.api.clock.ms += 10_001;
    expect(await house.told(later)).toEqual(GIVEN);
  },
);

guarded('a file from before there was a scanner is scanned when somebody wants it', async () => {
  await using house = await openHouse();
  const bad = await house.upload(EICAR);
  expect(await house.told(bad)).toEqual(GIVEN);
  await using clamd = await startClamd(temporaryFolder());
  await using next = await startApi({ fresh: house.api.fresh, scanning: byClamd(clamd.at) });
  expect(await house.told(bad, { origin: next.origin })).toEqual(REFUSED);
});

guarded('what was encrypted before it was uploaded is seen by no scanner, and given', async () => {
  await using clamd = await startClamd(temporaryFolder());
  await using house = await openHouse({ scanning: byClamd(clamd.at) });
  const encrypted = await house.upload(EICAR.map((byte) => byte ^ 0x55) as Buffer);
  expect(await house.told(encrypted)).toEqual(GIVEN);
});

guarded('while clamd is away nothing unscanned is given, and then it is scanned', async () => {
  await using clamd = await startClamd(temporaryFolder());
  await using house = await openHouse({ scanning: byClamd(clamd.at) });
  const known = await house.upload(HARMLESS);
  expect(await house.told(known)).toEqual(GIVEN);
  await clamd.kill();
  const [bad, good] = [await house.upload(EICAR), await house.upload(HARMLESS)];
  expect([await house.told(bad), await house.told(good)]).toEqual([NOT_YET, NOT_YET]);
  expect(await house.told(known)).toEqual(GIVEN);
  expect(house.errors.join()).toMatch(/No file is scanned: clamd does not answer.*"scanning"/);
  expect(house.errors.length, 'it is told once').toBe(1);
  await clamd.start();
  house.api.clock.ms += 10_001;
  expect([await house.told(bad), await house.told(good)]).toEqual([REFUSED, GIVEN]);
});

guarded('where the operator wants it so, unscanned files are given meanwhile', async () => {
  await using clamd = await startClamd(temporaryFolder());
  const scanning = { ...byClamd(clamd.at), servesUnscanned: true };
  await using house = await openHouse({ scanning });
  await clamd.kill();
  const bad = await house.upload(EICAR);
  expect(await house.told(bad)).toEqual(GIVEN);
  await clamd.start();
  house.api.clock.ms += 10_001;
  expect(await house.told(bad)).toEqual(REFUSED);
});

guarded('a file that clamd does not take is unscanned, and holds up no others', async () => {
  await using clamd = await startClamd(temporaryFolder(), { streamBytesMax: 100_000 });
  await using house = await openHouse({ scanning: byClamd(clamd.at) });
  const [large, good] = [
    await house.upload(Buffer.alloc(2_000_000, 'x')),
    await house.upload(HARMLESS),
  ];
  expect(await house.told(large)).toEqual(NOT_YET);
  expect(await house.told(good)).toEqual(GIVEN);
});

guarded('a clamd that says nothing is waited for no longer than the operator lets it', async () => {
  await using clamd = await startClamd(temporaryFolder());
  await using house = await openHouse({ scanning: { ...byClamd(clamd.at), withinMs: 300 } });
  clamd.freeze();
  const good = await house.upload(HARMLESS);
  expect(await house.told(good)).toEqual(NOT_YET);
  await expect.poll(() => house.errors.join()).toMatch(/it took more than 0\.3 s/);
});

guarded('a clamd that hangs is no fault of the files that it was given meanwhile', async () => {
  await using clamd = await startClamd(temporaryFolder());
  await using house = await openHouse({ scanning: { ...byClamd(clamd.at), withinMs: 300 } });
  clamd.freeze();
  const files: string[] = [];
  for (const content of ['one', 'two', 'three']) {
    files.push(await house.upload(Buffer.from(content)));
    expect(await house.told(files.at(-1)!)).toEqual(NOT_YET);
  }
  expect(house.errors.join()).toMatch(
    /No file is scanned: it took .* does not say that an empty file is clean/,
  );
  clamd.thaw();
  house.api.clock.ms += 10_001;
  for (const mediaId of files) expect(await house.told(mediaId)).toEqual(GIVEN);
});

test('a file that takes the scanner down each time is not given to it a third time at once', async () => {
  const folder = temporaryFolder();
  const script = `read word; [ "$word" = bad ] && echo >> ${folder}/bad && touch ${folder}/down
    [ ! -e ${folder}/down ] || exit 2`;
  await using house = await openHouse({ scanning: byProgram(script) });
  const [bad, good] = [await house.upload(Buffer.from('bad\n')), await house.upload(HARMLESS)];
  for (const answer of [NOT_YET, NOT_YET, NOT_YET]) {
    expect(await house.told(bad)).toEqual(answer);
    rmSync(join(folder, 'down'), { force: true });
    house.api.clock.ms += 10_001;
  }
  expect(readFileSync(join(folder, 'bad'), 'utf8')).toBe('\n\n');
  expect(await house.told(good)).toEqual(GIVEN);
});

test('a file that took too long costs nothing under another name', async () => {
  const folder = temporaryFolder();
  const script = `read word; [ "$word" != slow ] || { echo >> ${folder}/slow; sleep 600; }`;
  await using house = await openHouse({ scanning: { ...byProgram(script), withinMs: 2_000 } });
  for (let n = 0; n < 3; n += 1)
    expect(await house.told(await house.upload(Buffer.from('slow\n')))).toEqual(NOT_YET);
  expect(readFileSync(join(folder, 'slow'), 'utf8')).toBe('\n');
  expect(house.errors.join()).toMatch(/The scanner says nothing of .*: it took more than 2 s/);
});

test('however long a client waits, a file is not given unscanned where the scanner is well', async () => {
  const script = 'read word; [ "$word" != slow ] || sleep 600';
  await using house = await openHouse({
    scanning: { ...byProgram(script), servesUnscanned: true },
  });
  const slow = await house.upload(Buffer.from('slow\n'));
  expect(await house.told(slow, { query: '?timeout_ms=50' })).toEqual(NOT_YET);
  expect(await house.told(slow, { query: '?timeout_ms=0' })).toEqual(NOT_YET);
});

test('who waits for a verdict as a writer ends is sent to the next one', async () => {
  const admitted = vi.spyOn(Scanning.prototype, 'admit');
  onTestFinished(() => admitted.mockRestore());
  await using house = await openHouse({ scanning: byProgram('sleep 600') });
  const [one, behind] = [await house.upload(HARMLESS), await house.upload(Buffer.from('behind'))];
  const asked = [one, behind].map((mediaId) =>
    fetch(`${house.api.origin}${DOWNLOAD}/${mediaId}`, {
      headers: { authorization: `Bearer ${house.token}` },
    }),
  );
  await expect.poll(() => admitted.mock.calls.length).toBe(2);
  (admitted.mock.contexts[0] as Scanning).close();
  for (const reply of await Promise.all(asked)) {
    expect(reply.status).toBe(503);
    expect(reply.headers.get('x-farol-not-writer')).toBe('1');
  }
  expect(house.errors).toEqual([]);
});

test('who uploads what takes long leaves a scanner for everybody else', async () => {
  const folder = temporaryFolder();
  const script = `read word; [ "$word" != slow ] || until [ -e ${folder}/go ]; do sleep 0.05; done`;
  await using house = await openHouse({ scanning: byProgram(script) });
  const slow = [
    await house.upload(Buffer.from('slow\n1')),
    await house.upload(Buffer.from('slow\n2')),
  ];
  const carol = await house.api.register('carol');
  expect(await house.told(await house.upload(HARMLESS, carol))).toEqual(GIVEN);
  writeFileSync(join(folder, 'go'), '');
  for (const mediaId of slow) expect(await house.told(mediaId)).toEqual(GIVEN);
});

test('who has waited for an upload waits for the scanner only for what is left of their time', async () => {
  const admitted = vi.spyOn(Scanning.prototype, 'admit');
  const waiting = vi.spyOn(Awaited.prototype, 'wait');
  onTestFinished(() => void vi.restoreAllMocks());
  await using house = await openHouse({ scanning: byProgram('exit 0') });
  const { body } = await house.api.ask('POST /_matrix/media/v1/create', { token: house.token });
  const [, , , mediaId] = body.content_uri.split('/');
  const download = house.told(mediaId, { query: '?timeout_ms=20000' });
  await expect.poll(() => waiting.mock.calls.length).toBe(1);
  const begunMs = performance.now();
  await sleep(100);
  const waitedMs = performance.now() - begunMs;
  await fetch(`${house.api.origin}/_matrix/media/v3/upload/example.org/${mediaId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${house.token}` },
    body: HARMLESS as BodyInit,
  });
  expect(await download).toEqual(GIVEN);
  const [, { timeoutMs }] = admitted.mock.calls[0]!;
  expect(timeoutMs).toBeGreaterThan(0);
  expect(timeoutMs).toBeLessThanOrEqual(20_000 - waitedMs);
});

test('a file that was protected before anybody scanned it is scanned all the same', async () => {
  const scanning = byProgram('read word; [ "$word" != bad ] || { echo found it; exit 1; }');
  await using house = await openHouse();
  const [bad, good] = [await house.upload(Buffer.from('bad\n')), await house.upload(HARMLESS)];
  for (const mediaId of [bad, good]) await house.root(`POST /v1/media/protect/${mediaId}`);
  await using next = await startApi({ fresh: house.api.fresh, scanning });
  for (let n = 0; n < 2; n += 1) {
    expect(await house.told(bad, { origin: next.origin })).toEqual(REFUSED);
    expect(await house.told(good, { origin: next.origin })).toEqual(GIVEN);
  }
  await next.ask(`POST /_synapse/admin/v1/media/protect/${bad}`, { token: house.token });
  expect(await house.told(bad, { origin: next.origin })).toEqual(GIVEN);
});

test('an administrator lets a file be seen in which something was found', async () => {
  await using house = await openHouse({ scanning: byProgram('echo found it; exit 1') });
  const bad = await house.upload(HARMLESS);
  expect(await house.told(bad)).toEqual(REFUSED);
  await house.root(`POST /v1/media/protect/${bad}`);
  expect(await house.told(bad)).toEqual(GIVEN);
  await house.root(`POST /v1/media/unprotect/${bad}`);
  expect(await house.told(bad)).toEqual(REFUSED);
});

test.each([
  ['finds nothing', 'cat > /dev/null; exit 0', GIVEN],
  ['reads nothing and finds nothing', 'exit 0', GIVEN],
  ['finds something', 'grep -q hello && echo "a greeting" && exit 1', REFUSED],
  ['ends with 1 and says nothing, as one that falls over', 'exit 1', NOT_YET],
  ['ends otherwise', 'echo something; exit 2', NOT_YET],
  ['is ended by a signal', 'kill -9 $$', NOT_YET],
])('a program that %s is understood', async (_what, script, answer) => {
  await using house = await openHouse({ scanning: byProgram(script) });
  for (const bytes of [HARMLESS, Buffer.concat([HARMLESS, Buffer.alloc(500_000)])])
    expect(await house.told(await house.upload(bytes))).toEqual(answer);
});

test('a program that is not there is told of by its path', async () => {
  const by = { kind: 'program', path: '/nowhere/scan' } as const;
  await using house = await openHouse({ scanning: { ...BOUNDS, by } });
  expect(await house.told(await house.upload(HARMLESS))).toEqual(NOT_YET);
  expect(house.errors.join()).toMatch(/\/nowhere\/scan cannot be run/);
});

test('a program has the whole file, and nothing of the server’s environment', async () => {
  const folder = temporaryFolder();
  process.env.FAROL_TEST_SECRET = 'secret';
  const script = `cat > ${folder}/file; env > ${folder}/env`;
  await using house = await openHouse({ scanning: byProgram(script) });
  const bytes = Buffer.alloc(1_000_000, 'farol');
  expect(await house.told(await house.upload(bytes))).toEqual(GIVEN);
  expect(readFileSync(join(folder, 'file')).equals(bytes)).toBe(true);
  expect(readFileSync(join(folder, 'env'), 'utf8')).not.toMatch(/secret/);
});

test('a program that goes on too long is ended with all that it has begun', async () => {
  const folder = temporaryFolder();
  const script = `sleep 600 & echo $! > ${folder}/pid; wait`;
  await using house = await openHouse({ scanning: { ...byProgram(script), withinMs: 500 } });
  expect(await house.told(await house.upload(HARMLESS))).toEqual(NOT_YET);
  await expect.poll(() => house.errors.join()).toMatch(/it took more than 0\.5 s/);
  const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
  await expect.poll(() => isAlive(pid)).toBe(false);
});

test('a download waits for the scanner as long as its client does, and the scan goes on', async () => {
  const folder = temporaryFolder();
  const script = `until [ -e ${folder}/go ]; do sleep 0.05; done`;
  await using house = await openHouse({ scanning: byProgram(script) });
  const good = await house.upload(HARMLESS);
  expect(await house.told(good, { query: '?timeout_ms=50' })).toEqual(NOT_YET);
  const waiting = house.told(good);
  writeFileSync(join(folder, 'go'), '');
  expect(await waiting).toEqual(GIVEN);
});

test('a file that many want at once is scanned once, and never again', async () => {
  const folder = temporaryFolder();
  await using house = await openHouse();
  const good = await house.upload(HARMLESS);
  const scanning = byProgram(`echo scanned >> ${folder}/scans; sleep 0.2`);
  await using next = await startApi({ fresh: house.api.fresh, scanning });
  const wishes = Array.from({ length: 300 }, () => house.told(good, { origin: next.origin }));
  expect(new Set((await Promise.all(wishes)).map(String))).toEqual(new Set([String(GIVEN)]));
  expect(await house.told(good, { origin: next.origin })).toEqual(GIVEN);
  expect(readFileSync(join(folder, 'scans'), 'utf8')).toBe('scanned\n');
});

test('so many files are scanned at once and no more, and one who uploads many keeps nobody from theirs', async () => {
  const folder = temporaryFolder();
  // Each notes who it is, and how many there are; all wait for one word.
  const script = `read word; echo "$word" >> ${folder}/order
    touch ${folder}/now.$$; ls ${folder} | grep -c now >> ${folder}/at-once
    until [ -e ${folder}/go ]; do sleep 0.05; done; rm ${folder}/now.$$`;
  await using house = await openHouse({ scanning: { ...byProgram(script), atOnce: 2 } });
  const files: string[] = [];
  for (let n = 0; n < 8; n += 1) files.push(await house.upload(Buffer.from(`many\n${n}`)));
  const carol = await house.api.register('carol');
  files.push(await house.upload(Buffer.from('one\n'), carol));
  const linesOf = (name: string) => readFileSync(join(folder, name), 'utf8').trim().split('\n');
  // Both are at work before any may end.
  await expect.poll(() => existsSync(join(folder, 'at-once')) && linesOf('at-once').length).toBe(2);
  writeFileSync(join(folder, 'go'), '');
  for (const mediaId of files) expect(await house.told(mediaId)).toEqual(GIVEN);
  expect(linesOf('order').indexOf('one')).toBeLessThanOrEqual(3);
  expect(Math.max(...linesOf('at-once').map(Number))).toBe(2);
});

test('of a preview the picture is left out in which something is found', async () => {
  const picture = await sharp({
    create: { width: 9, height: 9, channels: 3, background: '#d04010' },
  })
    .png()
    .toBuffer();
  const site = createServer((request, response) =>
    request.url === '/'
      ? response
          .setHeader('content-type', 'text/html')
          .end('<title>T</title><meta property="og:image" content="/p">')
      : response.end(picture),
  );
  await new Promise<void>((listening) => site.listen(0, '127.0.0.1', listening));
  const { port } = site.address() as { port: number };
  for (const [script, mayShow] of [
    ['echo no; exit 1', false],
    ['exit 2', false],
    ['exit 0', true],
  ] as const) {
    await using house = await openHouse({
      scanning: byProgram(script),
      mediaCache: { folder: temporaryFolder(), bytesMax: 1e7 },
      urlPreviews: {
        ...{ allowHosts: undefined, denyHosts: [], ports: [port], languages: 'en' },
        allowNetworks: ['127.0.0.0/8'],
        resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      },
    });
    const url = encodeURIComponent(`http://site.test:${port}/`);
    const at = `GET /_matrix/client/v1/media/preview_url?url=${url}`;
    const { body } = await house.api.ask(at, { token: house.token });
    expect([body['og:title'], 'og:image' in body]).toEqual(['T', mayShow]);
  }
  site.close();
});

const BOUNDS = { atOnce: 2, withinMs: 60_000, servesUnscanned: false };

const byClamd = (at: ScannerAddress): ScanningWish => ({ ...BOUNDS, by: { kind: 'clamd', at } });

function byProgram(script: string): ScanningWish {
  const path = join(temporaryFolder(), 'scan');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return { ...BOUNDS, by: { kind: 'program', path } };
}

function isAlive(pid: number): boolean {
  try {
    return !/\bZ\b/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

interface Wanted {
  readonly kind?: 'download' | 'thumbnail';
  readonly query?: string;
  readonly origin?: string;
}

/** A server with an administrator, and what is complained of. */
async function openHouse(options: ApiOptions = {}) {
  const errors: string[] = [];
  const onError = (error: unknown) => void errors.push((error as Error).message);
  const api = await startApi({ onError, ...options });
  const token = await api.register('root', 'DESK', { admin: true });
  const root = (request: string) => {
    const [method, path] = request.split(' ');
    return api.ask(`${method} /_synapse/admin${path}`, { token });
  };
  return {
    ...{ api, token, errors, root, nowMs: api.clock.ms },
    async upload(bytes: Buffer, by = token): Promise<string> {
      const reply = await fetch(`${api.origin}/_matrix/media/v3/upload`, {
        method: 'POST',
        headers: { authorization: `Bearer ${by}` },
        body: bytes as BodyInit,
      });
      expect(reply.status).toBe(200);
      const { content_uri } = (await reply.json()) as { content_uri: string };
      return content_uri.split('/').at(-1)!;
    },
    /** The status, and the errcode where there is one. */
    async told(mediaId: string, wanted: Wanted = {}) {
      const { kind = 'download', query = '', origin = api.origin } = wanted;
      const path = DOWNLOAD.replace('download', kind);
      const reply = await fetch(`${origin}${path}/${mediaId}${query}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const text = await reply.text();
      return [reply.status, reply.ok ? undefined : JSON.parse(text).errcode];
    },
    async scanOf(mediaId: string) {
      const { body } = await root(`GET /v1/media/example.org/${mediaId}`);
      const { scanned_ts, scan_found } = body.media_info;
      return { scanned_ts, scan_found };
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
