import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test, vi } from 'vitest';
import { raiseSite } from '../../test/support/front-site.ts';
import { raiseWriter, refuse } from '../../test/support/front-writer.ts';

const KIB = 1024;
/** What no buffer of the kernel's holds. */
const FILE_BYTES = 32 * KIB * KIB;
/** Of a length that fits no step, so that a step from elsewhere is seen. */
const PATTERN = randomBytes(999_983);

test('of six clients that take nothing as many as may keep their connection to the writer, and one that goes on gets its file to the last byte', async () => {
  await using site = await raiseSite({ openAnswersMax: 4 });
  await using writer = await raiseFiles();
  site.agentSays({ site: 'a', epoch: 1, url: writer.url });
  const clients: Download[] = [];
  for (let n = 0; n < 6; n += 1) clients.push(await download(site, `/${n}`));
  await vi.waitFor(() => expect(writer.open.size).toBe(4));
  expect(writer.asked.filter(({ range }) => range !== undefined)).toEqual([]);
  const suspended = clients.findIndex((_, n) => !writer.open.has(`/${n}`));
  expect(await clients[suspended]!.rest()).toBe('the file');
  const [first, ...steps] = writer.asked.filter(({ path }) => path === `/${suspended}`);
  expect(first!.range).toBeUndefined();
  expect(steps.length).toBeGreaterThan(3);
  expect(new Set(steps.map(({ ifRange }) => ifRange))).toEqual(new Set(['"the file"']));
  for (const { socket } of clients) socket.destroy();
  await vi.waitFor(() => expect([writer.open.size, site.front.count.inFlight()]).toEqual([0, 0]));
});

test('a download goes on at the next writer when its own dies in the middle', async () => {
  await using site = await raiseSite();
  await using dying = await raiseFiles({ diesAt: FILE_BYTES / 2 });
  await using next = await raiseFiles();
  site.agentSays({ site: 'a', epoch: 1, url: dying.url });
  const client = await download(site, '/file');
  await vi.waitFor(() => expect(dying.open.size).toBe(1));
  const rest = client.rest();
  await vi.waitFor(() => expect(dying.open.size).toBe(0));
  site.agentSays({ site: 'b', epoch: 2, url: next.url });
  expect(await rest).toBe('the file');
  expect(next.asked[0]!.range).toMatch(/^bytes=\d{7,}-/);
});

test.each([
  ['has other bytes under its name', { etag: '"other"' }],
  ['has it no more', { status: 404 }],
])('where the next writer %s, the client is sent nothing of that', async (_what, options) => {
  await using site = await raiseSite();
  await using dying = await raiseFiles({ diesAt: FILE_BYTES / 2 });
  await using next = await raiseFiles(options);
  site.agentSays({ site: 'a', epoch: 1, url: dying.url });
  const client = await download(site, '/file');
  const rest = client.rest();
  await vi.waitFor(() => expect(dying.open.size).toBe(0));
  site.agentSays({ site: 'b', epoch: 2, url: next.url });
  expect(await rest).toBe('a part');
});

test('whoever asks for a part of a file gets that part, also where its writer dies', async () => {
  await using site = await raiseSite();
  await using dying = await raiseFiles({ diesAt: FILE_BYTES / 2 });
  await using next = await raiseFiles();
  site.agentSays({ site: 'a', epoch: 1, url: dying.url });
  const from = 1_234_567;
  const client = await download(site, '/file', `Range: bytes=${from}-${FILE_BYTES - 3}\r\n`);
  const rest = client.rest({ from, end: FILE_BYTES - 2 });
  await vi.waitFor(() => expect(dying.open.size).toBe(0));
  site.agentSays({ site: 'b', epoch: 2, url: next.url });
  expect(await rest).toBe('the file');
});

interface Download {
  readonly socket: TLSSocket;
  /** Reads to the end, and says what it was. */
  rest(span?: { from: number; end: number }): Promise<string>;
}

/** Has read the head, and takes no more. */
async function download(
  { port, ca }: { port: number; ca: Buffer },
  path: string,
  more = '',
): Promise<Download> {
  const socket = connect({ port, ca, checkServerIdentity: () => undefined });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  socket.write(`GET ${path} HTTP/1.1\r\nHost: f\r\nAuthorization: Bearer token\r\n${more}\r\n`);
  await once(socket, 'readable');
  const begun = socket.read() as Buffer;
  expect(begun.toString('latin1')).toMatch(/^HTTP\/1\.1 20[06] /);
  const body = begun.subarray(begun.indexOf('\r\n\r\n') + 4);
  return {
    socket,
    async rest({ from, end } = { from: 0, end: FILE_BYTES }) {
      let at = from;
      const isNext = (bytes: Buffer) => {
        at += bytes.length;
        return bytes.equals(bytesOf(at - bytes.length, at));
      };
      if (!isNext(body)) return 'other bytes';
      try {
        for await (const bytes of socket) {
          if (!isNext(bytes)) return 'other bytes';
          if (at === end) return 'the file';
        }
      } catch {}
      return 'a part';
    },
  };
}

/** A writer that gives out one file, or parts of it, under any path; with `diesAt` up to that byte, and then it is none any more. */
async function raiseFiles({ diesAt = FILE_BYTES, etag = '"the file"', status = 200 } = {}) {
  const asked: Record<'path' | 'range' | 'ifRange', string | undefined>[] = [];
  const open = new Set<string>();
  let isDead = false;
  const writer = await raiseWriter(
    async (request, response) => {
      if (isDead) return refuse(response);
      const path = request.url!;
      const { range, 'if-range': ifRange } = request.headers;
      asked.push({ path, range, ifRange: ifRange as string | undefined });
      if (status !== 200) return response.writeHead(status).end('{}');
      open.add(path);
      response.once('close', () => open.delete(path));
      return give(request, response, { diesAt, etag }).catch(() => {
        isDead ||= diesAt < FILE_BYTES;
        response.destroy();
      });
    },
    (response) => (isDead ? refuse(response) : response.end('{}')),
  );
  return { ...writer, asked, open };
}

async function give(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { diesAt, etag }: { diesAt: number; etag: string },
) {
  const asked = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '');
  const isPart = asked !== null && (headers['if-range'] ?? etag) === etag;
  const [from, end] = isPart ? [Number(asked[1]), Number(asked[2]) + 1] : [0, FILE_BYTES];
  response.writeHead(isPart ? 206 : 200, {
    ...{ etag, 'accept-ranges': 'bytes', 'content-length': end - from },
    ...(isPart && { 'content-range': `bytes ${from}-${end - 1}/${FILE_BYTES}` }),
  });
  const pieces = function* () {
    for (let at = from; at < end; at += 64 * KIB) {
      if (at >= diesAt) throw new Error('the writer dies');
      yield bytesOf(at, Math.min(at + 64 * KIB, end));
    }
  };
  await pipeline(Readable.from(pieces()), response);
}

function bytesOf(from: number, end: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = from; at < end; ) {
    const begin = at % PATTERN.length;
    const part = PATTERN.subarray(begin, begin + end - at);
    parts.push(part);
    at += part.length;
  }
  return Buffer.concat(parts);
}
