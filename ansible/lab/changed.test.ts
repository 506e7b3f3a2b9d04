import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { beginStory } from './story.ts';

// What changes while people chat: settings, certificates, secrets. Each test goes on where the one before ended.

const { lab, names, play, mustPlay, unfelt } = beginStory();

beforeAll(async () => {
  await mustPlay('site.yml');
});

test('changed settings are taken up site by site, and no request fails', async () => {
  const changed = { farol_shared_buffers: '160MB', farol_wal_keep: '192MB' };
  await unfelt('shared_buffers changed', async () => {
    const ended = await mustPlay('site.yml', '--extra-vars', JSON.stringify(changed));
    expect(ended.said).toContain('postgresql.parameters.wal_keep_size: 128MB -> 192MB');
  });
  for (const name of names) {
    expect(await lab.sql(name, 'SHOW shared_buffers')).toEqual(['160MB']);
    expect(await lab.sql(name, 'SHOW wal_keep_size')).toEqual(['192MB']);
  }
});

test('what the server refuses leaves every site as it was', async () => {
  const all = 'find /etc/farol -type f -exec sha256sum {} + | sort';
  const seen = () => Promise.all(names.map((name) => lab.on(name, 'sh', '-c', all)));
  const before = await seen();
  const providers = [{ id: 'company', name: 'The Company', issuer: 'no URL', clientId: 'farol' }];
  const options = ['--extra-vars', JSON.stringify({ farol_sign_in: { providers } })];
  const refused = await play('site.yml', ...options);
  expect(refused.said).toContain('does not take what the inventory says of it');
  expect(refused.status).not.toBe(0);
  expect(await seen()).toEqual(before);
});

test('all hosts get new keys, and then certificates of another authority, and no request fails', async () => {
  const rotate = (...options: string[]) =>
    unfelt(`rotate-certificates ${options.at(-1) ?? ''}`, () =>
      mustPlay('rotate-certificates.yml', ...options),
    );
  const asked = (name: string, what: string) =>
    lab.on(name, 'openssl', 'x509', '-noout', '-in', '/etc/farol/tls/site.crt', what);
  const keys = () => Promise.all(names.map((name) => asked(name, '-pubkey')));
  const before = await keys();
  await rotate();
  for (const [index, key] of (await keys()).entries()) expect(key).not.toBe(before[index]);
  await rotate('--extra-vars', 'authority=prepare');
  await rotate('--extra-vars', 'authority=switch');
  for (const name of names) {
    expect(await asked(name, '-issuer')).toMatch(/Farol cluster lab \d{4}-\d\d-\d\d$/);
    expect(await lab.on(name, 'grep', '-c', 'BEGIN', '/etc/farol/tls/ca.crt')).toBe('1');
  }
  expect(readdirSync(join(lab.folder, 'secrets')).filter((name) => name.includes('ca.'))).toEqual([
    'ca.crt',
    'ca.key',
  ]);
});

test('another secret seals the signing key, and other backups begin, and no request fails', async () => {
  const sealed = async () => {
    const query = "SELECT encode(sealed, 'hex') FROM server_identity";
    return (await lab.sql((await lab.status()).primary, query))[0];
  };
  const before = await sealed();
  await unfelt('rotate-secrets', async () => {
    for (const what of ['secret', 'backup'])
      await mustPlay('rotate-secrets.yml', '--extra-vars', `what=${what} drop=true`);
  });
  expect(await sealed()).not.toBe(before);
  const given = await Promise.all(
    names.map((name) => lab.on(name, 'cat', '/etc/farol/tls/secret')),
  );
  const own = readFileSync(join(lab.folder, 'secrets/secret'), 'utf8').trim();
  expect(given).toEqual(names.map(() => own));
  await lab.on('vault', 'sh', '-c', '! test -e /srv/farol-backup/lab/backup');
  await lab.on('vault', 'sh', '-c', 'test -d /srv/farol-backup/lab.*/backup/farol');
});

test('relays that the inventory has no more end, and leave nothing but the rule that Debian starts none', async () => {
  const relay = (what: string) =>
    Promise.all(names.map((name) => lab.on(name, 'sh', '-c', `${what} || true`)));
  // One that somebody has stopped would be back with the machine.
  await lab.on(names[0]!, 'systemctl', 'stop', 'farol-turn');
  await unfelt('relays taken out', () =>
    mustPlay('site.yml', '--extra-vars', '{"farol_turn": false}'),
  );
  const nothing = names.map(() => '');
  expect(await relay('pgrep turnserver')).toEqual(nothing);
  expect(await relay('ls -d /etc/farol/turn /etc/farol/tls/turn.* 2> /dev/null')).toEqual(nothing);
  expect(await relay('systemctl is-enabled farol-turn 2> /dev/null')).toEqual(
    names.map(() => 'not-found'),
  );
  expect(await relay('systemctl is-enabled coturn')).toEqual(names.map(() => 'masked'));
  expect(await relay('nft list table inet farol | grep turn')).toEqual(nothing);
});
