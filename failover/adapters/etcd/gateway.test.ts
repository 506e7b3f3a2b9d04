import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { certificateAuthority } from '../../../test/support/certificates.ts';
import { Identity } from '../../certificates/identity.ts';
import { Gateway } from './gateway.ts';

test('etcd offers HTTP/2, and is asked by HTTP/1.1 all the same', async () => {
  const authority = await certificateAuthority();
  const { certificate, key } = await authority.issue('etcd', { ip: ['127.0.0.1'] });
  const versions: string[] = [];
  const etcd = createSecureServer(
    { cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true },
    (request, response) => {
      versions.push(request.httpVersion);
      response.end('{}');
    },
  );
  await once(etcd.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void etcd.close());
  const { port } = etcd.address() as AddressInfo;
  const gateway = new Gateway({
    endpoints: [`https://127.0.0.1:${port}`],
    deadlineMs: 2_000,
    identity: new Identity({
      files: { ca: authority.ca, certificate, key },
      onTrouble: (error) => expect.unreachable(String(error)),
    }),
  });
  await gateway.ask('/v3/kv/range', {});
  await gateway.close();
  expect(versions).toEqual(['1.1']);
});

test('after a member has failed the next one is asked, also for the watch', async () => {
  const [well, gateway] = await besideADeadMember();
  await expect(gateway.ask('/v3/kv/range', {})).rejects.toThrow();
  await gateway.ask('/v3/kv/range', {});
  const stream = await gateway.open('/v3/watch', [{}], { signal: NEVER, silentMs: 1_000 });
  for await (const _chunk of stream);
  expect(well.paths).toEqual(['/v3/kv/range', '/v3/watch']);
});

test("what only the own site's member may answer is asked of it, also after it failed", async () => {
  const [well, gateway] = await besideADeadMember();
  await expect(gateway.ask('/v3/kv/range', {})).rejects.toThrow();
  await expect(gateway.askOwn('/v3/maintenance/status', {})).rejects.toThrow();
  expect(well.paths).toEqual([]);
});

test('an answer that is none of 200 is an error, with what etcd says', async () => {
  const { url } = await member((response) => response.writeHead(503).end('etcdserver: no leader'));
  const gateway = new Gateway({ endpoints: [url], deadlineMs: 1_000 });
  onTestFinished(() => gateway.close());
  await expect(gateway.ask('/v3/kv/range', {})).rejects.toThrow(/503: etcdserver: no leader/);
  const opening = gateway.open('/v3/watch', [], { signal: NEVER, silentMs: 1_000 });
  await expect(opening).rejects.toThrow(/503/);
});

test('a member that hangs costs one deadline', async () => {
  const { url } = await member(() => undefined);
  const gateway = new Gateway({ endpoints: [url], deadlineMs: 50 });
  onTestFinished(() => gateway.close());
  await expect(gateway.ask('/v3/kv/range', {})).rejects.toThrow();
});

const NEVER = new AbortController().signal;

/** The own site's member does not answer; the next one is well. */
async function besideADeadMember() {
  const well = await member((response) => response.end('{}'));
  const endpoints = ['http://127.0.0.1:1', well.url];
  const gateway = new Gateway({ endpoints, deadlineMs: 1_000 });
  onTestFinished(() => gateway.close());
  return [well, gateway] as const;
}

async function member(answer: (response: ServerResponse) => unknown) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths };
}
