import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { certificateAuthority } from '../../test/support/certificates.ts';
import { temporaryFolder } from '../../test/support/folder.ts';
import { adminApiBehind, Unanswered } from './admin-api.ts';
import { ownFront } from './door.ts';

test('the front of this machine is known by its own certificate, whoever signed it, and asked for the name of the server', async () => {
  const { front, other } = await certificates();
  const port = await listens(front);
  const asked = { listen: `0.0.0.0:${port}`, certificate: front.certificate };
  const api = adminApiBehind(ownFront(asked, 'https://chat.example.org'));
  onTestFinished(() => api.close());
  expect(await api.ask('GET /')).toEqual({ host: 'chat.example.org', name: 'chat.example.org' });

  const strange = { ...asked, certificate: other.certificate };
  const refused = adminApiBehind(ownFront(strange, 'https://chat.example.org'));
  onTestFinished(() => refused.close());
  const failure = await refused.ask('GET /').catch((error) => error);
  expect(String(failure)).toMatch(/certificate/);
  // Nothing was asked of it.
  expect(failure).not.toBeInstanceOf(Unanswered);
});

test('a front that listens everywhere is asked on this machine, one that listens at an address there', async () => {
  const { certificate } = (await certificates()).front;
  const originOf = (listen: string) =>
    ownFront({ listen, certificate }, 'https://chat.example.org').origin;
  expect(originOf('0.0.0.0:443')).toBe('https://127.0.0.1:443');
  expect(originOf('[::]:8448')).toBe('https://[::1]:8448');
  expect(originOf('192.0.2.11:443')).toBe('https://192.0.2.11:443');
});

/** Two of one authority, both for the name of the server. */
async function certificates() {
  const authority = await certificateAuthority(temporaryFolder());
  const issue = (file: string) => authority.issue(file, { dns: ['chat.example.org'] });
  return { front: await issue('front'), other: await issue('other') };
}

async function listens(files: { certificate: string; key: string }): Promise<number> {
  const pem = { cert: readFileSync(files.certificate), key: readFileSync(files.key) };
  const server = createServer(pem, (request, response) => {
    const name = (request.socket as unknown as { servername: string }).servername;
    response.end(JSON.stringify({ host: request.headers.host, name }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}
