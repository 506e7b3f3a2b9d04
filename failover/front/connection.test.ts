import { once } from 'node:events';
import { type AddressInfo, createServer, Socket } from 'node:net';
import { Duplex, Readable } from 'node:stream';
import { expect, onTestFinished, test, vi } from 'vitest';
import { connectorWith, NotConnected } from '../certificates/connector.ts';
import { NO_BODY } from './body.ts';
import { Connection, type Control } from './connection.ts';
import { NotARequest, type Outgoing } from './outgoing.ts';
import { IN_PLACE } from './read-in-place.ts';

const EMPTY = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

test('a connection carries one request after the other', async () => {
  const other = await raise();
  const connection = other.connection();
  for (const path of ['/1', '/2', '/3']) {
    const asked = ask(connection, { path });
    await other.says(EMPTY);
    expect(await asked.result).toBe('answered');
  }
  expect(other.sockets).toHaveLength(1);
  expect(other.heard.match(/GET \/\d/g)).toEqual(['GET /1', 'GET /2', 'GET /3']);
});

test('who gives up a request that is answered does not touch the next one on its connection', async () => {
  const other = await raise();
  const connection = other.connection();
  const first = ask(connection);
  await other.says(EMPTY);
  await first.result;
  const second = ask(connection);
  first.control!.abort(new Error('too late'));
  first.control!.pause();
  await other.says('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  expect(await second.result).toBe('answered');
  expect(second.body).toBe('{}');
});

test('a request that is given up before its connection stands is never sent, and the next one is', async () => {
  const other = await raise();
  const connection = other.connection();
  const first = ask(connection, { path: '/never' }, (control) => control.abort(new Error('over')));
  expect(await first.result).toMatchObject({ message: 'over' });
  const second = ask(connection, { path: '/next' });
  await other.says(EMPTY);
  expect(await second.result).toBe('answered');
  expect(other.heard).not.toContain('/never');
});

test('a request that is given up in flight ends its connection, and is told of once', async () => {
  const other = await raise();
  const connection = other.connection();
  const asked = ask(connection);
  await until(() => expect(other.heard).toContain('GET'));
  asked.control!.abort(new Error('over'));
  expect(await asked.result).toMatchObject({ message: 'over' });
  await other.untilClosed();
  expect([connection.isFree, asked.told]).toEqual([false, 1]);
});

test('a body is given to a connection in strokes of 64 KiB at most, each when it has the one before, and all of it comes', async () => {
  const other = await raise();
  const strokes: { bytes: number; untaken: number }[] = [];
  const write = Socket.prototype.write as (...given: unknown[]) => boolean;
  const written = vi.spyOn(Socket.prototype, 'write').mockImplementation(function (
    this: Socket,
    ...given: unknown[]
  ) {
    const [chunk] = given;
    if (Buffer.isBuffer(chunk)) strokes.push({ bytes: chunk.length, untaken: this.writableLength });
    return write.apply(this, given);
  } as typeof Socket.prototype.write);
  onTestFinished(() => written.mockRestore());
  const bytes = Buffer.alloc(1_000_000, 'x');
  const body = { kind: 'memory', pieces: [bytes], bytes: bytes.length } as const;
  const asked = ask(other.connection(), { method: 'PUT', body });
  await until(() => expect(other.heard.length).toBeGreaterThan(bytes.length));
  await other.says(EMPTY);
  expect(await asked.result).toBe('answered');
  expect(other.heard.endsWith(`content-length: 1000000\r\n\r\n${bytes}`)).toBe(true);
  expect(Math.max(...strokes.map((each) => each.bytes))).toBe(64 * 1024);
  // The first one follows the head.
  expect(strokes.slice(1).every(({ untaken }) => untaken === 0)).toBe(true);
});

test('a body in many pieces is given as few strokes, and comes as it is', async () => {
  const other = await raise();
  const given: number[] = [];
  const flushed = vi.spyOn(Socket.prototype, 'uncork').mockImplementation(function (this: Socket) {
    given.push(this.writableLength);
    return Duplex.prototype.uncork.call(this);
  });
  onTestFinished(() => flushed.mockRestore());
  const pieces = Array.from({ length: 10 }, (_, n) => Buffer.alloc(16 * 1024, `${n}`));
  const body = { kind: 'memory', pieces, bytes: 160 * 1024 } as const;
  const asked = ask(other.connection(), { method: 'PUT', body });
  const whole = Buffer.concat(pieces).toString();
  await until(() => expect(other.heard.length).toBeGreaterThan(whole.length));
  await other.says(EMPTY);
  expect(await asked.result).toBe('answered');
  expect(other.heard.endsWith(`content-length: ${160 * 1024}\r\n\r\n${whole}`)).toBe(true);
  expect(given.slice(1)).toEqual([64 * 1024, 32 * 1024]);
});

test('who gives up while being told the answer is told nothing more of it', async () => {
  const other = await raise();
  const asked = ask(other.connection(), {}, undefined, (control) =>
    control.abort(new Error('over')),
  );
  await other.says('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  expect(await asked.result).toMatchObject({ message: 'over' });
  await other.untilClosed();
  expect(asked.told).toBe(1);
});

test.each([
  ['before its answer', ''],
  ['in its head', 'HTTP/1.1 200 OK\r\nconte'],
  ['in its body', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhe'],
])('a request whose other side leaves %s has none', async (_, said) => {
  const other = await raise();
  const connection = other.connection();
  const asked = ask(connection);
  await until(() => expect(other.heard).toContain('GET'));
  other.sockets[0]!.end(said);
  expect(await asked.result).toBeInstanceOf(Error);
  expect(await asked.result).not.toBeInstanceOf(NotConnected);
  expect([connection.isFree, asked.told]).toEqual([false, 1]);
});

test('where no connection comes about, that is what is told', async () => {
  const other = await raise();
  other.server.close();
  const asked = ask(other.connection());
  expect(await asked.result).toBeInstanceOf(NotConnected);
});

test('a connection that the other side is about to end, or has ended, is not used again', async () => {
  const other = await raise();
  const about = other.connection();
  const asked = ask(about);
  await other.says('HTTP/1.1 200 OK\r\nkeep-alive: timeout=1\r\ncontent-length: 0\r\n\r\n');
  await asked.result;
  expect(about.isFree).toBe(false);

  const ended = other.connection();
  const second = ask(ended);
  await other.says('HTTP/1.1 200 OK\r\nkeep-alive: timeout=75\r\ncontent-length: 0\r\n\r\n', 1);
  await second.result;
  expect(ended.isFree).toBe(true);
  other.sockets[1]!.end();
  await until(() => expect(ended.isFree).toBe(false));
});

test('nor is one that nothing was ever sent on, once the other side may be tired of it', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const connection = (await raise()).connection();
  await ask(connection, {}, (control) => control.abort(new Error('over'))).result;
  expect(connection.isFree).toBe(true);
  vi.advanceTimersByTime(4_000);
  expect(connection.isFree).toBe(false);
});

test('what comes without being asked is nobody’s answer', async () => {
  const other = await raise();
  const connection = other.connection();
  const first = ask(connection);
  await other.says(EMPTY);
  await first.result;
  other.sockets[0]!.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
  await until(() => expect(connection.isFree).toBe(false));
  await other.untilClosed();
});

test('an answer that comes before the whole request ends their connection', async () => {
  const other = await raise();
  const connection = other.connection();
  const body = new Readable({ read: () => undefined });
  body.push('half');
  const asked = ask(connection, { method: 'PUT', body: { kind: 'stream', stream: body } });
  await until(() => expect(other.heard).toContain('half'));
  await other.says('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n');
  expect(await asked.result).toBe('answered');
  expect([asked.status, connection.isFree]).toEqual([413, false]);
  await other.untilClosed();
  body.push('rest');
  await until(() => expect(body.readableLength).toBe(0));
  expect(body.destroyed).toBe(false);
  // On the connection that it comes from, another request may stand behind it.
  for (const more of [Buffer.alloc(200_000), null]) body.push(more);
  await until(() => expect(body.readableEnded).toBe(true));
});

test('whoever took an answer slowly does not stop the next one on its connection', async () => {
  const other = await raise();
  const connection = other.connection();
  const slow = ask(connection, {}, undefined, (control) => control.pause());
  await other.says('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
  expect(await slow.result).toBe('answered');
  const next = ask(connection);
  await other.says(EMPTY);
  expect(await next.result).toBe('answered');
});

test('a body goes as long as it is, one that passes through as it says or in chunks', async () => {
  const other = await raise();
  const connection = other.connection();
  const stream = (...said: string[]) =>
    ({ kind: 'stream', stream: Readable.from(said.map((each) => Buffer.from(each))) }) as const;
  const pieces = ['{"whole', '":1}'].map((each) => Buffer.from(each));
  const whole = { kind: 'memory', pieces, bytes: 11 } as const;
  const sent: [Partial<Outgoing>, string][] = [
    [{ headers: ['content-length', '99'], body: whole }, 'content-length: 11\r\n\r\n{"whole":1}'],
    [{ body: NO_BODY }, 'content-length: 0\r\n\r\n'],
    [{ headers: ['content-length', '3'], body: stream('a', 'bc') }, 'length: 3\r\n\r\nabc'],
    [
      { headers: ['x-says', 'content-length'], body: stream('a') },
      'chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    ],
    [{ body: stream('a', 'bc') }, 'chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n'],
  ];
  for (const [request, expected] of sent) {
    const before = other.heard.length;
    const asked = ask(connection, { method: 'POST', ...request });
    await until(() => expect(other.heard.slice(before)).toMatch(endOf(expected)));
    await other.says(EMPTY);
    expect(await asked.result).toBe('answered');
  }
  expect(other.sockets).toHaveLength(1);
});

test.each(['*', 'https://elsewhere/', '/a b', '/a\r\nx: y'])(
  'what names %j as its path is no request, and nothing of it is sent',
  async (path) => {
    const other = await raise();
    const asked = ask(other.connection(), { path });
    expect(await asked.result).toBeInstanceOf(NotARequest);
    expect(other.heard).toBe('');
  },
);

const until = (check: () => void) => vi.waitFor(check);

const endOf = (text: string) => new RegExp(`${text.replace(/[{}*]/g, '\\$&')}$`);

function ask(
  connection: Connection,
  request: Partial<Outgoing> = {},
  onStart: (control: Control) => void = () => undefined,
  onData: (control: Control) => void = () => undefined,
) {
  const { promise: result, resolve } = Promise.withResolvers<'answered' | Error>();
  const asked = {
    ...{ result, told: 0, status: 0, body: '' },
    control: undefined as Control | undefined,
  };
  const end = (how: 'answered' | Error) => {
    asked.told++;
    resolve(how);
  };
  connection.send(
    { method: 'GET', path: '/', headers: [], body: NO_BODY, ...request },
    {
      onRequestStart(control) {
        asked.control = control;
        onStart(control);
      },
      onResponseStart(_, status) {
        asked.status = status;
      },
      onResponseData(control, chunk) {
        asked.body += chunk;
        onData(control);
      },
      onResponseEnd: () => end('answered'),
      onResponseError: (_, error) => end(error),
    },
  );
  return asked;
}

/** Whoever listens there says what a test says, byte by byte. */
async function raise() {
  const server = createServer((socket) => {
    raised.sockets.push(socket);
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      raised.heard += chunk;
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connections: Connection[] = [];
  onTestFinished(() => {
    for (const each of connections) each.destroy();
    server.close();
  });
  const raised = {
    ...{ server, heard: '', sockets: [] as Socket[] },
    connection() {
      const made = new Connection(
        origin,
        connectorWith(undefined, { timeoutMs: 2_000, onread: IN_PLACE }),
      );
      connections.push(made);
      return made;
    },
    /** Once something more was asked. */
    async says(text: string, socket = 0) {
      await until(() => expect(raised.heard.length).toBeGreaterThan(answered));
      answered = raised.heard.length;
      raised.sockets[socket]!.write(text);
    },
    async untilClosed() {
      await until(() => expect(raised.sockets[0]!.destroyed).toBe(true));
    },
  };
  let answered = 0;
  return raised;
}
