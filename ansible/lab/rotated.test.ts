import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { beginWithCluster } from './story.ts';

// Other keys, certificates, authorities and secrets, while people chat. Each test goes on where the one before ended.

const { lab, names, mustPlay, unfelt } = beginWithCluster();

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
