import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { certificateAuthority } from '../test/support/certificates.ts';

test.each([
  ['agent', 'the agent watches'],
  ['front', 'the front accepts connections'],
])(
  'the %s of a site starts with mutual TLS, without anybody else there, and ends when told',
  async (program, says) => {
    const { child, lines } = await started(program);
    const said: string[] = [];
    for await (const line of lines) {
      said.push(line);
      if (line.includes(says)) break;
    }
    expect(said.at(-1)).toContain(says);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  },
);

test.each(['agent', 'front'])(
  'the %s that is told to end while it starts ends',
  async (program) => {
    const { child } = await started(program, ['--import', STOPPED_AT_ONCE]);
    expect(await once(child, 'exit')).toEqual([0, null]);
  },
);

/** As soon as it listens to the signal, and so in the middle of its start. */
const STOPPED_AT_ONCE = `data:text/javascript,${encodeURIComponent(`
  const { once } = process;
  process.once = function (name, listener) {
    once.call(process, name, listener);
    if (name === 'SIGTERM') process.kill(process.pid, name);
    return process;
  };
`)}`;

async function started(program: string, options: readonly string[] = []) {
  const config = await configOfSite();
  const child = spawn(process.execPath, [...options, MAIN, program, '--config', config], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, lines: createInterface(child.stdout) };
}

const MAIN = join(import.meta.dirname, 'main.ts');

async function configOfSite(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'farol-main-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const authority = await certificateAuthority(folder);
  const site = { ca: authority.ca, ...(await authority.issue('a', { ip: ['127.0.0.1'] })) };
  const config = join(folder, 'failover.yml');
  const { ca: _ca, ...shown } = site;
  await writeFile(
    config,
    JSON.stringify({
      ...{ cluster: 'home', site: 'a', runtimeDir: folder, tls: site },
      etcd: { endpoints: ['https://127.0.0.1:1'] },
      patroni: { url: 'https://127.0.0.1:1', postgres: { dataDir: folder, binDir: folder } },
      server: { url: 'https://127.0.0.1:1' },
      front: { listen: '127.0.0.1:0', ...shown, writer: site },
    }),
  );
  return config;
}

test.each([
  ['users', 'list'],
  ['signing-key', 'show'],
  ['doctor', 'federation', 'example.org'],
])('%s %s asks who has not logged in to do so, in words of its own', async (...words) => {
  const config = await configOfSite();
  await writeFile(join(dirname(config), 'server.yml'), 'serverName: chat.example.org\n');
  const child = spawn(process.execPath, [MAIN, ...words, '--config', config], {
    stdio: ['ignore', 'inherit', 'pipe'],
    env: { ...process.env, HOME: dirname(config), XDG_CONFIG_HOME: dirname(config) },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = await text(child.stderr);
  expect(said).toContain('farol users login');
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).not.toBe(0);
});

test('doctor tells where to begin, also where nothing runs, and ends with a status of its own', async () => {
  const { child, lines } = await started('doctor');
  const said: string[] = [];
  for await (const line of lines) said.push(line);
  expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(5);
  expect(said.join('\n')).toMatch(
    /\nBegin with agent: the agent of a does not answer: connect ENOENT/,
  );
});
