import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { ANSIBLE, ENVIRONMENT } from '../test/ansible.ts';
import { SUBNET } from './kept.ts';
import { beginBare } from './story.ts';

// The first page of README.md, typed as it stands there, at bare hosts that are reached by SSH. Each test goes on where the one before ended.

const { lab, names } = beginBare({});
const home = join(lab.folder, 'home');
const farolYml = join(home, 'chat/group_vars/all/farol.yml');
const [fiveSteps, makeSecret, firstAdministrator] = typedBelow('## In five steps');

beforeAll(async () => {
  mkdirSync(home);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  for (const name of names) await letIn(name, 'root', '/root');
  await lab.on('south', 'useradd', '--create-home', '--shell', '/bin/bash', 'debian');
  await letIn('south', 'debian', '/home/debian');
  const sudo = 'echo "debian ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/debian';
  await lab.on('south', 'sh', '-c', sudo);
  writeFileSync(join(home, 'password'), 'opens what is locked\n');
});

test('five steps lead from bare hosts to a cluster whose leader is shown', async () => {
  const [release, copy, ...others] = fiveSteps!.trim().split('\n');
  await type(`${release}\n${copy}`);
  rewrite(join(home, 'chat/hosts.yml'), (text) =>
    text
      .replaceAll(/192\.0\.2\.1([123])/g, `${SUBNET}.1$1`)
      .replace(/(south: \{ [^}]*) \}/, '$1, ansible_user: debian }'),
  );
  rewrite(farolYml, (text) =>
    text.replace('192.0.2.10/24', `${lab.address}/24`).replaceAll(/^farol_public_.*\n/gm, ''),
  );
  const said = await type(others.join('\n'));
  expect(said).toMatch(/chat\.example\.org leads to .*, not to /);
  expect((await lab.status()).writes.kind).toBe('flow');
  expect(said).toMatch(new RegExp(`${(await lab.status()).leader} .*primary, running`));
  // What stands for the name in the administrator's DNS, and for what clients are told to trust.
  const trust = `resolve = "chat.example.org:443:${lab.address}"\ncacert = "${home}/chat/secrets/ca.crt"\n`;
  writeFileSync(join(home, '.curlrc'), trust);
});

test('a first administrator is made, and whoever has a token of theirs makes an account and chats', async () => {
  const locked = await type(makeSecret!);
  const inserted = locked
    .slice(locked.indexOf('registrationSharedSecret:'))
    .trimEnd()
    .replaceAll(/^/gm, '  ');
  rewrite(farolYml, (text) => `${text}farol_server_options:\n${inserted}\n`);
  const typed = firstAdministrator!
    .replace('--ask-vault-pass', '--vault-password-file ~/password')
    .replaceAll('192.0.2.', `${SUBNET}.`)
    // What is typed where a password is asked for.
    .replaceAll(/^ *ssh -t .* farol users/gm, 'echo a long password | $&');
  const said = await type(`cd ansible\nssh() { command ssh ${REACH} "$@"; }\n${typed}`);
  expect(said).toContain('@ada:chat.example.org has an account now, and is an administrator.');
  const token = said.trimEnd().split('\n').at(-1);
  expect(token).toMatch(/^[\w.~-]{10,}$/);

  const account = { username: 'bob', password: 'another long password' };
  const { session } = await ask('register', account);
  const auth = { type: 'm.login.registration_token', token, session };
  const { access_token: bearer } = await ask('register', { ...account, auth });
  const { room_id: room } = await ask('createRoom', {}, bearer as string);
  const message = { msgtype: 'm.text', body: 'hello' };
  const path = `rooms/${room}/send/m.room.message/1`;
  const { event_id: event } = await ask(path, message, bearer as string, 'PUT');
  expect(event).toMatch(/^\$/);
});

/** Each block of shell commands in that section of README.md. */
function typedBelow(heading: string): string[] {
  const page = readFileSync(join(ANSIBLE, 'README.md'), 'utf8');
  const from = page.slice(page.indexOf(heading));
  const section = from.slice(0, from.indexOf('\n## '));
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!);
}

const key = join(home, 'key');
const REACH = `-i ${key} -o UserKnownHostsFile=${home}/known_hosts -o StrictHostKeyChecking=accept-new`;

async function letIn(host: string, user: string, folder: string): Promise<void> {
  const order =
    'mkdir -p "$1/.ssh" && echo "$2" > "$1/.ssh/authorized_keys" && chown -R "$3" "$1/.ssh"';
  const told = [folder, readFileSync(`${key}.pub`, 'utf8').trim(), user];
  await lab.on(host, 'sh', '-c', order, 'sh', ...told);
}

function rewrite(file: string, changed: (text: string) => string): void {
  writeFileSync(file, changed(readFileSync(file, 'utf8')));
}

/** As at the prompt of an administrator who reaches the hosts by SSH; returns what is printed. */
async function type(lines: string): Promise<string> {
  const npm = (what: string) => execFileSync('npm', ['config', 'get', what], { encoding: 'utf8' });
  const env = {
    ...ENVIRONMENT,
    ...{ HOME: home, ANSIBLE_SSH_COMMON_ARGS: REACH },
    ANSIBLE_VAULT_PASSWORD_FILE: join(home, 'password'),
    ...{ npm_config_cache: npm('cache').trim(), npm_config_userconfig: npm('userconfig').trim() },
  };
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', lines], {
    ...{ cwd: join(ANSIBLE, '..'), env, maxBuffer: 64 << 20 },
  });
  return stdout;
}

async function ask(
  path: string,
  body: object,
  bearer = '',
  method = 'POST',
): Promise<Record<string, unknown>> {
  const asked = `curl -sS -X ${method} -H 'Authorization: Bearer ${bearer}' -d '${JSON.stringify(body)}' 'https://chat.example.org/_matrix/client/v3/${path}'`;
  return JSON.parse(await type(asked)) as Record<string, unknown>;
}
