import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE_IS_HERE, ansible, localSites } from './ansible.ts';

// All of the role, at a site that is this machine: what is made once, what again, and what a dry run leaves alone.

vi.setConfig({ testTimeout: 300_000 });

const ROOT = process.getuid?.() === 0;

test.skipIf(!ANSIBLE_IS_HERE || !ROOT)(
  'a site gets its certificates once, and only the one that does not serve is signed again',
  async () => {
    const site = aSite();
    const dry = await site.certify('--check');
    expect([dry.said, dry.status]).toEqual([expect.not.stringContaining('fatal:'), 0]);
    expect([existsSync(site.secrets), readdirSync(site.tls)]).toEqual([false, []]);

    expect((await site.certify()).said).toMatch(/changed=[1-9]/);
    const pairs = ['front', 'site', 'turn'].flatMap((name) => [`${name}.crt`, `${name}.key`]);
    expect(readdirSync(site.tls).sort()).toEqual(pairs);
    expect(readdirSync(site.secrets).sort()).toEqual([
      ...['ca.crt', 'ca.key', 'relays.crt', 'relays.key', 'secret'],
    ]);
    expect(['site', 'front', 'turn'].map((name) => site.signer(name))).toEqual([
      ...['ca', 'ca', 'relays'],
    ]);
    const made = site.contents();
    expect((await site.certify()).said).toContain('changed=0');

    // As of a release before, whose authority signed for relays too.
    copyFileSync(join(site.tls, 'front.crt'), join(site.tls, 'turn.crt'));
    expect((await site.certify()).said).toMatch(/changed=[1-9]/);
    expect(site.signer('turn')).toBe('relays');
    expect({ ...site.contents(), 'turn.crt': made['turn.crt'] }).toEqual(made);
  },
);

function aSite() {
  const folder = temporaryFolder();
  const [secrets, tls] = [join(folder, 'secrets'), join(folder, 'tls')];
  mkdirSync(tls);
  const variables = {
    ...{ plan_secrets_dir: secrets, plan_tls_dir: tls, farol_turn: true },
    ...{ farol_cluster: 'example', farol_server_name: 'chat.example.org', farol_addresses: [] },
    certificates_group: execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim(),
    // What else a site is given belongs to users that this machine does not have.
    ...{ certificates_folders: [], certificates_files: [] },
  };
  const site = localSites(folder, { north: { farol_ip: '192.0.2.11' } });
  const known = [...site, '--extra-vars', JSON.stringify(variables)];
  return {
    secrets,
    tls,
    certify: (...options: string[]) =>
      ansible('ansible-playbook', ...known, ...options, 'test/certified.yml'),
    contents: () =>
      Object.fromEntries(
        readdirSync(tls).map((name) => [name, readFileSync(join(tls, name), 'utf8')]),
      ),
    /** Which of the authorities has signed it. */
    signer: (name: string) =>
      ['ca', 'relays'].find((authority) => {
        const asked = ['verify', '-CAfile', join(secrets, `${authority}.crt`)];
        return spawnSync('openssl', [...asked, join(tls, `${name}.crt`)]).status === 0;
      }),
  };
}
