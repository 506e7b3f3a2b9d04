import { once } from 'node:events';
import { copyFile, mkdtemp } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, Server } from 'node:tls';
import { beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import {
  type Authority,
  certificateAuthority,
  type Issued,
} from '../../../test/support/certificates.ts';
import { Identity } from '../../certificates/identity.ts';
import { openDoor } from './door.ts';

let authority: Authority;
let [first, renewed]: Issued[] = [];

beforeAll(async () => {
  authority = await certificateAuthority();
  first = await authority.issue('a', { ip: ['127.0.0.1'] });
  renewed = await authority.issue('renewed', { ip: ['127.0.0.1'] });
});

test('of a port that cannot be opened nothing is kept, however often it is tried', async () => {
  const { identity, renew } = await installed();
  const port = await takenPort();
  for (let n = 0; n < 20; n += 1)
    await expect(doorAt(port, identity)).rejects.toThrow('EADDRINUSE');
  const takenUp = vi.spyOn(Server.prototype, 'setSecureContext');
  await renew();
  expect(takenUp).not.toHaveBeenCalled();
});

test('a renewed certificate is shown from then on, and no door that is closed hears of it', async () => {
  const { identity, renew } = await installed();
  const door = await doorAt(0, identity);
  expect(await nameShownAt(door.port)).toBe('a');
  const takenUp = vi.spyOn(Server.prototype, 'setSecureContext');
  await renew();
  expect(takenUp).toHaveBeenCalledTimes(1);
  expect(await nameShownAt(door.port)).toBe('renewed');
  door.close();
  await renew(first);
  expect(takenUp).toHaveBeenCalledTimes(1);
});

/** A certificate in a folder of its own, and how it becomes another. */
async function installed() {
  const folder = await mkdtemp(join(tmpdir(), 'farol-door-'));
  const files = { ca: authority.ca, certificate: join(folder, 'crt'), key: join(folder, 'key') };
  const install = async ({ certificate, key }: Issued) => {
    await copyFile(certificate, files.certificate);
    await copyFile(key, files.key);
  };
  await install(first!);
  const identity = new Identity({ files, onTrouble: () => undefined, lookEveryMs: 1e6 });
  onTestFinished(() => {
    identity.close();
    vi.restoreAllMocks();
  });
  const renew = async (to = renewed) => {
    await install(to!);
    await identity.look();
  };
  return { identity, renew };
}

async function takenPort(): Promise<number> {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  return (other.address() as { port: number }).port;
}

async function doorAt(port: number, identity: Identity) {
  const door = await openDoor({
    ...{ listen: `127.0.0.1:${port}`, identity, sites: new Set(['b']) },
    ...{ answer: () => undefined, refused: () => undefined },
  });
  onTestFinished(door.close);
  return door;
}

async function nameShownAt(port: number): Promise<unknown> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return subject.CN;
}
