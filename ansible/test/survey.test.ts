import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE, PYTHON_IS_HERE } from './ansible.ts';

// What a host tells of itself: here this machine, which is none of a cluster.

const DPKG_IS_HERE = spawnSync('dpkg-query', ['--version'], { stdio: 'ignore' }).status === 0;

test.skipIf(!DPKG_IS_HERE || !PYTHON_IS_HERE)(
  'a bare host tells which packages it lacks, and that its users are still to be made',
  () => {
    const seen = survey({ packages: ['dpkg', 'no-such-package'] });
    expect(seen.lacking).toEqual(['no-such-package']);
    expect(seen.patroni).toBeNull();
    expect(seen.users_lacking).toBe(!existsSync('/etc/sysusers.d/farol.conf'));
    expect(seen.relays).toBe(existsSync('/etc/systemd/system/farol-turn.service'));
    expect(seen.backup_key).toBeNull();
    expect(seen.made_with).toEqual({ 'ca.crt': null, secret: null, backup: null });
  },
);

function survey(told: object): Record<string, unknown> {
  const folder = temporaryFolder();
  const all = JSON.stringify({ folder, tls: folder, peers: [], packages: [], ...told });
  const program = join(ANSIBLE, 'roles/preflight/files/survey');
  return JSON.parse(execFileSync('python3', [program, all], { encoding: 'utf8' }));
}
