import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { InPlaceSocket } from './in-place-socket.ts';

const data = (text: string) => message('d', text);
const NOTICE = message('N', 'a notice');
const READY = message('Z', 'I');

test('the data of a COPY goes where it is wanted, and all else to the driver, wherever a read is cut', async () => {
  const all = Buffer.concat([message('H', ''), data('one'), NOTICE, data(''), data('two'), READY]);
  for (let cut = 0; cut <= all.length; cut += 1) {
    const { said, heard, copied, socket, copying } = await connected();
    socket.copyTo(copying);
    await said(all.subarray(0, cut));
    await said(all.subarray(cut));
    expect([heard(), copied]).toEqual([
      Buffer.concat([message('H', ''), NOTICE, READY]),
      ['3 one', '0 ', '3 two'],
    ]);
  }
});

test.each(Array.from(NOTICE, (_, cut) => cut))(
  'where a COPY begins %i bytes into what was said unasked, neither is taken for the other',
  async (cut) => {
    const { said, heard, copied, socket, copying } = await connected();
    await said(Buffer.concat([READY, NOTICE.subarray(0, cut)]));
    socket.copyTo(copying);
    await said(Buffer.concat([NOTICE.subarray(cut), data('one'), READY]));
    expect([heard(), copied]).toEqual([Buffer.concat([READY, NOTICE, READY]), ['3 one']]);
  },
);

test.each(Array.from(NOTICE, (_, cut) => cut))(
  'where a COPY ends with %i bytes of what is said unasked, the driver hears it all',
  async (cut) => {
    const { said, heard, copied, socket, copying } = await connected();
    socket.copyTo(copying);
    socket.on('data', () => socket.copyTo(undefined));
    await said(Buffer.concat([data('one'), READY, NOTICE.subarray(0, cut)]));
    await said(NOTICE.subarray(cut));
    expect([heard(), copied]).toEqual([Buffer.concat([READY, NOTICE]), ['3 one']]);
  },
);

test.each([3, 0, -1])(
  'a message that says it is %i bytes long ends the connection',
  async (length) => {
    const { other, socket, copying } = await connected();
    const failed = once(socket, 'error');
    socket.copyTo(copying);
    const wrong = Buffer.from('d....');
    wrong.writeInt32BE(length, 1);
    other.write(wrong);
    expect((await failed)[0].message).toMatch('no message');
  },
);

/** As PostgreSQL writes it. */
function message(kind: string, text: string): Buffer {
  const head = Buffer.from(`${kind}....`);
  head.writeInt32BE(4 + text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}

async function connected() {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = new InPlaceSocket();
  const come = once(server, 'connection') as Promise<[Socket]>;
  socket.connect((server.address() as { port: number }).port, '127.0.0.1');
  const [[other]] = await Promise.all([come, once(socket, 'connect')]);
  onTestFinished(() => {
    for (const each of [socket, other]) each.destroy();
    server.close();
  });
  const heard: Buffer[] = [];
  const copied: string[] = [];
  socket.on('data', (bytes: Buffer) => heard.push(bytes));
  let sent = 0;
  return {
    ...{ socket, other, copied, heard: () => Buffer.concat(heard) },
    copying: {
      begin: (length: number) => void copied.push(`${length} `),
      add(bytes: Buffer) {
        copied[copied.length - 1] += bytes.toString();
      },
    },
    /** Resolves when it has been read, before anything else comes. */
    async said(bytes: Buffer) {
      sent += bytes.length;
      other.write(bytes);
      await expect.poll(() => socket.bytesRead, { interval: 1 }).toBe(sent);
    },
  };
}
