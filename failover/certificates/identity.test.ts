import { once } from 'node:events';
import { copyFile, readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { Pool } from 'undici';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Authority,
  certificateAuthority,
  type Issued,
} from '../../test/support/certificates.ts';
import { connectorWith, NotConnected } from './connector.ts';
import { Identity } from './identity.ts';
import { endOfShown } from './shown.ts';

let authority: Authority;
let old: Issued;
let renewed: Issued;

beforeAll(async () => {
  authority = await certificateAuthority();
  old = await authority.issue('old', { ip: ['127.0.0.1'] }, { days: 7 });
  renewed = await authority.issue('renewed', { ip: ['127.0.0.1'] }, { days: 300 });
});

test('a renewed certificate is used for the next connection', async () => {
  const { identity, install } = await installed();
  const { url, seen } = await serverOf(old);
  const pool = new Pool(url, { connect: connectorWith(identity, { timeoutMs: 1_000 }) });
  onTestFinished(() => pool.destroy());
  await ask(pool);
  await install(renewed);
  await identity.look();
  await ask(pool);
  expect(seen).toEqual(['old', 'renewed']);
  expect(daysUntil(identity.end)).toBeCloseTo(30, 0);
});

test('while a renewal is half done the old certificate serves on, and that is said once', async () => {
  const { identity, files, trouble } = await installed();
  await copyFile(renewed.certificate, files.certificate);
  await identity.look();
  await identity.look();
  expect(identity.inUse.cert).toEqual(await readFile(old.certificate));
  expect(trouble).toHaveBeenCalledTimes(1);
  await copyFile(renewed.key, files.key);
  await identity.look();
  expect(identity.inUse.cert).toEqual(await readFile(renewed.certificate));
});

test('files that change are read again without being asked', async () => {
  const { identity, install } = await installed(5);
  const changed = vi.fn();
  identity.onChange(changed);
  await install(renewed);
  await vi.waitFor(() => expect(changed).toHaveBeenCalledWith(identity.inUse));
  expect(identity.inUse.cert).toEqual(await readFile(renewed.certificate));
});

test('a program that has not read its renewed certificate is told by what it shows', async () => {
  const { identity, install } = await installed();
  const { url, broken, looked } = await serverOf(old);
  await install(renewed);
  expect(daysUntil(await endOfShown(url, identity))).toBeCloseTo(7, 0);
  expect(await looked).toBe('end');
  expect(broken).not.toHaveBeenCalled();
});

test('a program that does not answer shows nothing', async () => {
  const { identity } = await installed();
  expect(await endOfShown('https://127.0.0.1:1', identity)).toBeNull();
  expect(await endOfShown('http://127.0.0.1:1', identity)).toBeNull();
});

test('what fails before a connection stands is told apart, whatever its code', async () => {
  const { identity } = await installed();
  const pool = new Pool('https://127.0.0.1:1', {
    connect: connectorWith(identity, { timeoutMs: 1_000 }),
  });
  onTestFinished(() => pool.destroy());
  await expect(ask(pool)).rejects.toBeInstanceOf(NotConnected);
});

let folders = 0;

/** Files with the old certificate, an identity that has read them, and a way to put others there. */
async function installed(lookEveryMs = 1_000_000) {
  folders += 1;
  const at = (name: string) => join(authority.folder, `installed-${folders}.${name}`);
  const files = { ca: authority.ca, certificate: at('crt'), key: at('key') };
  const install = async (issued: Issued) => {
    await copyFile(issued.certificate, files.certificate);
    await copyFile(issued.key, files.key);
  };
  await install(old);
  const trouble = vi.fn();
  const identity = new Identity({ files, onTrouble: trouble, lookEveryMs });
  onTestFinished(() => identity.close());
  return { identity, files, install, trouble };
}

/** Notes the names in the certificates that it is shown, one connection for each request. */
async function serverOf(issued: Issued) {
  const seen: string[] = [];
  const server = createServer(
    {
      ca: await readFile(authority.ca),
      cert: await readFile(issued.certificate),
      key: await readFile(issued.key),
      requestCert: true,
    },
    (request, response) => {
      seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
      response.setHeader('connection', 'close').end('{}');
    },
  );
  const broken = vi.fn();
  server.on('tlsClientError', broken);
  const looked = new Promise((resolve) => {
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.once('end', () => resolve('end')).once('close', () => resolve('close'));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}`, seen, broken, looked };
}

async function ask(pool: Pool): Promise<void> {
  const { body } = await pool.request({ path: '/', method: 'GET' });
  await body.dump();
}

const daysUntil = (time: string | null): number =>
  (Date.parse(time ?? '') - Date.now()) / 86_400_000;
