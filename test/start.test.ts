import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './support/folder.ts';
import { type Program, startProgram } from './support/program.ts';

test('a new server says where it answers, and how to make the first user', async () => {
  const server = start(temporaryFolder());
  const url = await server.ready();
  const answer = await fetch(`${url}/_matrix/client/versions`);
  expect(answer.status).toBe(200);
  const register = /curl -X POST (\S+) -d '(.*)'/.exec(server.said());
  const made = await fetch(register![1]!, { method: 'POST', body: register![2]! });
  expect(await made.json()).toMatchObject({ user_id: '@alice:localhost' });
});

test('SIGTERM ends it with 0, and the data are there after the next start', async () => {
  const data = temporaryFolder();
  const first = start(data);
  const token = await registrationToken(first);
  first.process.kill('SIGTERM');
  expect(await first.ended()).toBe(0);
  expect(await registrationToken(start(data))).toBe(token);
});

test('after SIGKILL the next start goes on with the database that lives on', async () => {
  const data = temporaryFolder();
  const first = start(data);
  const token = await registrationToken(first);
  first.process.kill('SIGKILL');
  await first.ended();
  expect(await registrationToken(start(data))).toBe(token);
});

test('a second process on the same data folder is told which process works on it', async () => {
  const data = temporaryFolder();
  const first = start(data);
  const url = await first.ready();
  const second = start(data);
  expect(await second.ended()).toBe(1);
  expect(second.said()).toContain(`Another Farol (process ${first.process.pid}) works on the data`);
  expect((await fetch(`${url}/_matrix/client/versions`)).status).toBe(200);
});

test('a port in use ends the start in one sentence', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  const server = start(temporaryFolder(), ['--listen', `127.0.0.1:${port}`]);
  expect(await server.ended()).toBe(1);
  expect(server.said().trim()).toBe(
    `Another program uses the address 127.0.0.1:${port}: stop it, or choose another address with --listen.`,
  );
});

test('a wrong key ends the start, names the key and the nearest right one', async () => {
  const server = start(temporaryFolder(), ['--registrations', 'open']);
  expect(await server.ended()).toBe(78);
  expect(server.said().trim()).toBe(
    'There is no option --registrations; the nearest is --registration.',
  );
});

test('another server name on the same data is refused, and nothing is lost', async () => {
  const data = temporaryFolder();
  const first = start(data);
  const token = await registrationToken(first);
  first.process.kill('SIGTERM');
  await first.ended();
  const other = start(data, ['--server-name', 'other.example']);
  expect(await other.ended()).toBe(1);
  expect(other.said()).toContain('These data belong to the server "localhost"');
  expect(await registrationToken(start(data))).toBe(token);
});

test('a PostgreSQL that is killed ends the server in words, with the status that says: try again', async () => {
  const data = temporaryFolder();
  const first = start(data);
  const token = await registrationToken(first);
  const greeting = first.said();
  const postmaster = Number.parseInt(readFileSync(join(data, 'db/postmaster.pid'), 'utf8'), 10);
  process.kill(postmaster, 'SIGKILL');
  expect(await first.ended()).toBe(75);
  const said = first.said().slice(greeting.length);
  expect(said).toMatch(/^PostgreSQL has ended \(by SIGKILL\), and Farol with it: start it again;/m);
  expect(said).not.toContain('at Parser');
  expect(await registrationToken(start(data))).toBe(token);
});

test.each([
  ['below /proc', ['--data', '/proc/farol'], 1, 'The folder /proc/farol cannot be used'],
  ['below a file', ['--data', '/etc/passwd/x'], 1, '/etc/passwd is no folder.'],
  [
    'in a database that is not up',
    ['--database', 'postgresql://127.0.0.1:1/x'],
    75,
    'The database does not answer (connect ECONNREFUSED 127.0.0.1:1): start it',
  ],
])(
  'data %s end the start in one sentence that says who acts',
  async (_where, options, code, sentence) => {
    const server = start(temporaryFolder(), options);
    expect(await server.ended()).toBe(code);
    expect(server.said().trim().split('\n')).toEqual([expect.stringContaining(sentence)]);
  },
);

test('a second signal within the same Ctrl-C does not cut the end short', async () => {
  const data = temporaryFolder();
  const server = start(data);
  await server.ready();
  server.process.kill('SIGINT');
  server.process.kill('SIGINT');
  expect(await server.ended()).toBe(0);
  expect(existsSync(join(data, 'db/postmaster.pid'))).toBe(false);
});

function start(data: string, options: readonly string[] = []): Program {
  const listen = options.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  return startProgram(['--data', data, ...listen, ...options]);
}

async function registrationToken(server: Program): Promise<string> {
  await server.ready();
  return /registration token (\S+)/.exec(server.said())![1]!;
}
