import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../test/support/folder.ts';
import { ANSIBLE, ANSIBLE_IS_HERE, ansible, localSites, PYTHON_IS_HERE } from './ansible.ts';

// Which backup is due. That one can be made, restored and compared is tried on hosts: ansible/lab/provisioned.test.ts.

const onlyWithPython = test.skipIf(!PYTHON_IS_HERE);

const HOUR = 3_600;
const DAY = 24 * HOUR;
const NOW = 1_800_000_000;
const FULL = backup('full', 2 * DAY);
const TODAY = backup('incr', HOUR);

onlyWithPython.each([
  ['the first, where there is none', [], {}, 'full', 'there is none yet'],
  ['none, an hour after the last', [FULL, TODAY], {}, null, 'none is due'],
  ['the changes, a day after the last', [FULL], {}, 'incr', 'a day old'],
  ['all, a week after the last full one', [backup('full', 7 * DAY), TODAY], {}, 'full', 'a week'],
  [
    'the changes, where another site has taken over: what the lost one had not brought away is a gap',
    [FULL, TODAY],
    { timeline: '00000002' },
    'incr',
    'taken over',
  ],
  [
    'the changes, where some of the log was dropped',
    [FULL, TODAY],
    { gap: true },
    'incr',
    'dropped',
  ],
  ['all, where the only full one is damaged', [{ ...FULL, error: true }], {}, 'full', 'none yet'],
] as const)('%s', (_, backups, now, kind, why) => {
  expect(due(backups, now)).toEqual([kind, expect.stringContaining(why)]);
});

onlyWithPython('a timer that looks every hour does not make it later each day', () => {
  expect(due([FULL, backup('incr', DAY - 20 * 60)], {})[0]).toBe('incr');
});

onlyWithPython(
  'what a power cut has left of a restored copy is removed, also at the site that leads by now',
  () => {
    const folder = temporaryFolder();
    const restored = join(folder, 'restored');
    mkdirSync(restored);
    execFileSync('python3', ['-B', '-c', RESTORE_TEST, restored], {
      cwd: join(ANSIBLE, 'roles/backup/files'),
    });
    expect(existsSync(restored)).toBe(false);
  },
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'the first backup begins where the primary is and at no copy, so that a second run changes nothing there',
  async () => {
    expect(await begun({ backups: [], primary: 'south' })).toEqual(['south']);
    expect(await begun({ backups: [], primary: null })).toEqual([]);
    expect(await begun({ backups: [FULL], primary: 'south' })).toEqual([]);
  },
  300_000,
);

test.skipIf(!ANSIBLE_IS_HERE)(
  'a site that somebody has taken gets no key to the host for backups that may more than bring and fetch',
  async () => {
    const folder = temporaryFolder();
    const written = join(folder, 'authorized_keys');
    const key = (of: string) => `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${of}`;
    const sites = localSites(folder, {
      north: { preflight_backup_key: `${key('north')} farol-north\n${key('worse')}` },
      south: { preflight_backup_key: null, backup_key: { stdout: key('south') } },
    });
    const known = [...sites, '--extra-vars', JSON.stringify({ written })];
    const { said, status } = await ansible('ansible-playbook', ...known, 'test/authorized.yml');
    expect([said, status]).toEqual([expect.any(String), 0]);
    const restricted = 'restrict,command="internal-sftp"';
    expect(readFileSync(written, 'utf8').trim().split('\n').slice(1)).toEqual([
      `${restricted} ${key('north')} farol-north`,
      `${restricted} ${key('south')} farol-south`,
    ]);
  },
  300_000,
);

/** At which hosts a run starts the making of a backup. Programs tell what they would there. */
async function begun({ backups, primary }: { backups: readonly object[]; primary: string | null }) {
  const folder = temporaryFolder();
  const program = (name: string, script: string) =>
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const told = (value: unknown) => `echo '${JSON.stringify(value)}'`;
  program('pgbackrest', told([{ status: { code: backups.length > 0 ? 0 : 2 }, backup: backups }]));
  program('farol', `${told({ primary })}; exit 1`);
  program('systemctl', 'echo LoadState=loaded; echo ActiveState=inactive');
  const variables = {
    path: `${folder}${delimiter}${process.env.PATH}`,
    preflight_running: ['farol-backup.timer', 'farol-restore-test.timer'],
  };
  const { said, status } = await ansible(
    'ansible-playbook',
    ...localSites(folder, { north: {}, south: {} }),
    ...['--extra-vars', JSON.stringify(variables), 'test/backup.yml'],
  );
  expect([said, status]).toEqual([expect.any(String), 0]);
  return [...said.matchAll(/ changed: \[(\w+)\]/g)].map(([, name]) => name);
}

/** Beside no PostgreSQL, at the primary. */
const RESTORE_TEST = `
import os
import sys
from unittest import mock
os.environ.update(POSTGRESQL_DATA='/nowhere', POSTGRESQL_BIN='/nowhere')
sys.modules['psycopg2'] = mock.MagicMock()
import restore_test
restore_test.RESTORED = sys.argv[1]
restore_test.is_copy = lambda: False
restore_test.tell = lambda *told: None
restore_test.main()
`;

interface Now {
  readonly timeline?: string;
  readonly gap?: boolean;
}

function due(backups: readonly object[], { timeline = '00000001', gap = false }: Now) {
  const order =
    'import json, sys; from due import due; print(json.dumps(due(**json.load(sys.stdin))))';
  const told = execFileSync('python3', ['-B', '-c', order], {
    cwd: join(ANSIBLE, 'roles/backup/files'),
    input: JSON.stringify({ backups, now: NOW, timeline, gap }),
    encoding: 'utf8',
  });
  return JSON.parse(told) as [kind: string | null, why: string];
}

/** As `pgbackrest info` tells it. */
function backup(type: string, ageS: number) {
  return {
    type,
    error: false,
    timestamp: { stop: NOW - ageS },
    archive: { stop: '000000010000000000000007' },
  };
}
