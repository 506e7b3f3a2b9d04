import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { federationOf } from '../server/config/federation.ts';
import { readConfig } from '../server/config/read-config.ts';
import type { ServerName } from '../server/protocol/identifiers.ts';
import { signingKeyFromSeed } from '../server/protocol/signing-keys.ts';
import { startApi } from './support/api-server.ts';
import { temporaryFolder } from './support/folder.ts';
import { freePort } from './support/free-port.ts';

const SCRIPT = join(import.meta.dirname, '..', 'ansible', 'closed-federation');
const make = (folder: string, servers: readonly string[]) =>
  execFileSync(SCRIPT, [folder, ...servers], { encoding: 'utf8', stdio: 'pipe' });

test('organisations whose servers have names without a dot, and no DNS, share a room by what one command made, and nobody else is let in', async () => {
  const folder = temporaryFolder();
  const ports = [await freePort(), await freePort()] as const;
  make(folder, [`north=127.0.0.1:${ports[0]}`, `south=127.0.0.1:${ports[1]}`]);
  const north = await startServer(folder, 'north', ports[0]);
  const south = await startServer(folder, 'south', ports[1]);
  const [alice, bob] = [await north.register('alice'), await south.register('bob')];
  const { body } = await north.ask('POST /createRoom', {
    ...{ token: alice, body: { preset: 'private_chat', invite: ['@bob:south'] } },
  });
  const room = encodeURIComponent(body.room_id);
  const join = await south.ask(`POST /join/${room}?via=north`, { token: bob, body: {} });
  expect([join.status, join.body]).toEqual([200, { room_id: body.room_id }]);
  await south.ask(`PUT /rooms/${room}/send/m.room.message/1`, {
    ...{ token: bob, body: { msgtype: 'm.text', body: 'from the south' } },
  });
  const seen = async () =>
    JSON.stringify((await north.ask('GET /sync', { token: alice })).body.rooms.join);
  await expect.poll(seen).toContain('from the south');
  const token = await north.register('root', 'DESK', { admin: true });
  const east = (await north.ask('GET /_farol/admin/v1/federation/east', { token })).body;
  expect(east.failed).toMatchObject({ step: 'admission' });
});

test('said again with one server more it keeps authority and keys, and writes the options of the others anew', () => {
  const folder = temporaryFolder();
  const at = (file: string) => readFileSync(join(folder, file), 'utf8');
  const made = ['north=10.1.0.10:443', 'south=[fd00::2]:443'];
  make(folder, made);
  const kept = ['authority.key', 'authority.crt', 'north/server.key', 'north/server.crt'];
  const before = kept.map(at);
  make(folder, [...made, 'east=chat.east.example:8448']);
  expect(kept.map(at)).toEqual(before);
  expect(at('north/options.yml')).toContain(
    "peers: 'south=[fd00::2]:443,east=chat.east.example:8448'\n  allow: 'south,east'\n",
  );
  for (const server of ['north', 'south', 'east']) {
    const certificate = join(folder, server, 'server.crt');
    execFileSync('openssl', ['verify', '-CAfile', join(folder, 'authority.crt'), certificate]);
  }
  expect(statSync(join(folder, 'south/server.key')).mode & 0o077).toBe(0);
  expect(existsSync(join(folder, 'south/authority.key'))).toBe(false);
});

test.each(['authority.crt', 'authority.key'])(
  'where %s is not there nothing is made anew: who has the first authority would believe nobody',
  (lost) => {
    const folder = temporaryFolder();
    const servers = ['north=10.1.0.10:443', 'south=10.1.0.11:443'];
    make(folder, servers);
    const other = lost === 'authority.key' ? 'authority.crt' : 'authority.key';
    const before = readFileSync(join(folder, other), 'utf8');
    rmSync(join(folder, lost));
    const more = [...servers, 'east=10.1.0.12:443'];
    expect(() => make(folder, more)).toThrow(`${lost} is not here`);
    expect(readFileSync(join(folder, other), 'utf8')).toBe(before);
    expect(readdirSync(folder).sort()).toEqual([other, 'north', 'south']);
  },
);

test('where a certificate cannot be made it is said why in the words of OpenSSL, none stands there, and the next time it is made', () => {
  const folder = temporaryFolder();
  const servers = ['north=10.1.0.10:443', 'south=10.1.0.11:443'];
  make(folder, servers);
  const key = join(folder, 'authority.key');
  const kept = readFileSync(key, 'utf8');
  cpSync(join(folder, 'north/server.key'), key);
  const more = [...servers, 'east=10.1.0.12:443'];
  const certificate = join(folder, 'east/server.crt');
  expect(() => make(folder, more)).toThrow(/do not match|mismatch/i);
  expect(existsSync(certificate)).toBe(false);
  writeFileSync(key, kept);
  // As it was left by the command of before.
  writeFileSync(certificate, '');
  make(folder, more);
  execFileSync('openssl', ['verify', '-CAfile', join(folder, 'authority.crt'), certificate]);
  expect(readdirSync(folder).sort()).toEqual([
    ...['authority.crt', 'authority.key', 'east', 'north', 'south'],
  ]);
});

test('names that are something else to YAML or to a certificate are names', () => {
  const folder = temporaryFolder();
  make(folder, ['no=10.1.0.10:443', '123=10.1.0.11:443', '10.1.0.12:8448=10.1.0.12:443']);
  const options = parse(readFileSync(join(folder, '123/options.yml'), 'utf8'), { version: '1.1' });
  expect(options.federation.allow).toBe('no,10.1.0.12:8448');
  make(folder, ['no=10.1.0.10:443', '123=10.1.0.11:443']);
  const two = parse(readFileSync(join(folder, '123/options.yml'), 'utf8'), { version: '1.1' });
  expect(two.federation.allow).toBe('no');
});

test.each([
  [['north=10.1.0.10:443'], 'at least two'],
  ...['..', '.', '-', '-n', 'a..b', 'a/b', 'a_b', 'a:b', 'authority.key'].map(
    (name): [string[], string] => [
      ['north=10.1.0.10:443', `${name}=10.1.0.11:443`],
      'is not SERVER=HOST:PORT',
    ],
  ),
  [['north=10.1.0.10:443', 'south'], 'south is not SERVER=HOST:PORT'],
  [['north=10.1.0.10:443', '../south=10.1.0.11:443'], 'is not SERVER=HOST:PORT'],
])('%j is refused, and nothing is made', (servers, said) => {
  const folder = temporaryFolder();
  expect(() => make(join(folder, 'new'), servers)).toThrow(said);
  expect(existsSync(join(folder, 'new'))).toBe(false);
});

/** As its operator has it from the folder, at the place that the others know. */
async function startServer(folder: string, name: string, port: number) {
  const own = join(temporaryFolder(), name);
  cpSync(join(folder, name), own, { recursive: true });
  const options = readFileSync(join(own, 'options.yml'), 'utf8');
  const config = join(own, 'server.yml');
  writeFileSync(config, `serverName: ${name}\n${options.replace('/etc/farol/server', own)}`);
  const read = readConfig({ options: ['--config', config], environment: {} });
  const api = await startApi({
    serverName: name as ServerName,
    signingKey: signingKeyFromSeed(`ed25519:${name}`, Buffer.alloc(32, name)),
    federation: federationOf(read),
  });
  const server = createServer(
    { cert: readFileSync(join(own, 'server.crt')), key: readFileSync(join(own, 'server.key')) },
    api.listener,
  ).listen(port, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await api[Symbol.asyncDispose]();
  });
  return api;
}
