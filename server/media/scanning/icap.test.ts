import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Icap } from './icap.ts';
import { ScannerAway, Unscannable } from './scanner.ts';

const OF_PROXY = 'ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=20\r\n';

test.each<[string, string, object]>([
  ['204', 'ICAP/1.0 204 No Content\r\n\r\n', { kind: 'clean' }],
  [
    'that it lets pass what it found',
    'ICAP/1.0 204 No Content\r\nX-Infection-Found: Type=0; Resolution=0; Threat=Bad.Three;\r\n\r\n',
    { kind: 'found', what: 'Bad.Three' },
  ],
  [
    'a name in its own head',
    `${OF_PROXY}X-Infection-Found: Type=0; Resolution=2; Threat=Bad.One;\r\n\r\nHTTP/1.1 403 No\r\n\r\n`,
    { kind: 'found', what: 'Bad.One' },
  ],
  [
    'a name in that of what a proxy is to answer',
    `${OF_PROXY}\r\nHTTP/1.1 200 OK\r\nX-Virus-ID: Bad Two\r\n\r\n`,
    { kind: 'found', what: 'Bad Two' },
  ],
  [
    'nothing but that it is refused',
    `${OF_PROXY}\r\nHTTP/1.1 403 Forbidden\r\n\r\n`,
    { kind: 'found', what: 'refused without a reason' },
  ],
])('an ICAP server that says %s has an opinion', async (_what, reply, opinion) => {
  const { service, asked } = await serving(reply);
  expect(await new Icap(service).scan(pieces('one ', '', 'two'), never())).toEqual(opinion);
  expect(await asked).toMatch(/^RESPMOD icap:\/\/127\.0\.0\.1:\d+\/scan ICAP\/1\.0\r\n/);
  expect(await asked).toContain('4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n');
  const [, from] = /res-body=(\d+)/.exec(await asked)!;
  const [head] = (await asked).split('\r\n\r\n', 1) as [string];
  expect((await asked).slice(head.length + 4 + Number(from))).toMatch(/^4\r\n/);
});

test.each([
  ['hands back what it was sent', `${OF_PROXY}\r\nHTTP/1.1 200 OK\r\n\r\n4\r\none \r\n`],
  ['would have a proxy say that it is down', `${OF_PROXY}\r\nHTTP/1.1 503 Down\r\n\r\n`],
  ['would have a proxy ask for a password', `${OF_PROXY}\r\nHTTP/1.1 407 Who\r\n\r\n`],
  ['has no such service', 'ICAP/1.0 404 Service not found\r\n\r\n'],
  ['fails', 'ICAP/1.0 500 Server error\r\nX-Powered-By: x\r\n\r\n'],
  ['speaks of something else', 'SMTP/1.0 204 No Content\r\n\r\n'],
  ['breaks off', ''],
  ['never comes to an end', 'x'.repeat(70_000)],
])('one that %s says nothing of the file', async (_what, reply) => {
  const { service } = await serving(reply);
  await expect(new Icap(service).scan(pieces('x'), never())).rejects.toThrow(Unscannable);
});

test('who would have a proxy say that it is down is told with these words', async () => {
  const { service } = await serving(`${OF_PROXY}\r\nHTTP/1.1 503 Down\r\n\r\n`);
  const says = 'the ICAP server says: ICAP/1.0 200 OK, HTTP/1.1 503 Down';
  await expect(new Icap(service).scan(pieces('x'), never())).rejects.toThrow(says);
});

test('one that is not there is away', async () => {
  const service = { host: '127.0.0.1', port: 99_999, service: 'scan' };
  await expect(new Icap(service).scan(pieces(), never())).rejects.toThrow(ScannerAway);
});

/** Answers so once it has heard all, and closes. */
async function serving(reply: string) {
  const asked = Promise.withResolvers<string>();
  const server = createServer((socket) => {
    let said = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text;
      if (!said.endsWith('\r\n0\r\n\r\n')) return;
      asked.resolve(said);
      socket.end(reply);
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { service: { host: '127.0.0.1', port, service: 'scan' }, asked: asked.promise };
}

const never = () => new AbortController().signal;

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}
