import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { ANSIBLE, ansible } from '../test/ansible.ts';

// The alert rules, read and tried by Prometheus' own `promtool`, unpacked from Debian's package where this machine has none.

const checkout = join(import.meta.dirname, '../..');
const monitoring = join(ANSIBLE, 'roles/monitoring');
const rules = join(monitoring, 'files/farol.rules.yml');
const promtool = promtoolOfThisMachine();

test('Prometheus can read every rule', () => {
  expect(run('check', 'rules', rules)).toMatch(/SUCCESS: \d+ rules found/);
});

test('each rule warns of what it is for, and of nothing while all is well', () => {
  const names = [...readFileSync(rules, 'utf8').matchAll(/alert: (\w+)/g)].map(([, name]) => name);
  expect(Object.keys(FAULTS).sort()).toEqual(names.sort());
  const tried = join(mkdtempSync(join(tmpdir(), 'farol-rules-')), 'tried.yml');
  const tests = [trial(WELL), ...Object.entries(FAULTS).map(([name, fault]) => trial(fault, name))];
  // JSON is YAML too.
  writeFileSync(tried, JSON.stringify({ rule_files: [rules], evaluation_interval: '1m', tests }));
  try {
    expect(run('test', 'rules', tried)).toContain('SUCCESS');
  } finally {
    rmSync(dirname(tried), { recursive: true });
  }
});

test('Prometheus can read what is written from an inventory, and asks every host', async () => {
  const inventory = mkdtempSync(join(tmpdir(), 'farol-monitored-'));
  try {
    cpSync(join(ANSIBLE, 'inventories/two-sites-and-witness'), inventory, { recursive: true });
    const monitors = JSON.stringify({ farol_monitors: ['192.0.2.50'] });
    const play = ['--inventory', inventory, '--extra-vars', monitors, 'monitoring.yml'];
    expect((await ansible('ansible-playbook', ...play)).status).toBe(0);
    const config = join(inventory, 'monitoring/prometheus.yml');
    expect(run('check', 'config', config)).toContain('1 rule files found');
    const asked = readFileSync(config, 'utf8').match(/[\d.]+:(9100|9788)/g);
    expect(asked).toEqual(
      ['9788', '9100'].flatMap((port) =>
        ['11', '12', '13'].map((host) => `192.0.2.${host}:${port}`),
      ),
    );
  } finally {
    rmSync(inventory, { recursive: true });
  }
}, 120_000);

type Series = Readonly<Record<string, number | string>>;

const at = 'host="north"';
const south = `${at},site="south"`;
const root = `${at},mountpoint="/",fstype="ext4"`;
/** A hundred more each minute. */
const RISING = '0+100x150';

/** Of three sites, as two of them tell it. */
const WELL: Series = {
  [`up{job="farol",${at}}`]: 1,
  [`farol_up{${at},program="agent"}`]: 1,
  [`farol_writes{${at},kind="flow"}`]: 1,
  [`farol_writes{${at},kind="unprotected"}`]: 0,
  [`farol_silent_seconds{${south}}`]: 0.3,
  'farol_silent_seconds{host="harbour",site="south"}': 0.4,
  [`farol_etcd_member_up{${at},member="south:2379"}`]: 1,
  [`farol_postgres_takes_part{${south}}`]: 1,
  [`farol_lag_bytes{${south}}`]: 100,
  [`farol_confirms_writes{${south}}`]: 1,
  [`farol_primary{${south}}`]: 0,
  [`farol_confirms_writes{${at},site="north"}`]: 0,
  [`farol_primary{${at},site="north"}`]: 1,
  [`farol_server_healthy{${south}}`]: 1,
  [`farol_front_healthy{${south}}`]: 1,
  [`farol_front_held{${at}}`]: 0,
  [`farol_front_given_up_total{${at}}`]: 0,
  [`farol_promotion_refused{${south}}`]: 0,
  [`farol_patroni_paused{${at}}`]: 0,
  [`farol_unstable{${south}}`]: 1,
  [`farol_certificates_end_seconds{${south}}`]: 1e7,
  [`farol_disk_silent_seconds{${south}}`]: 0.4,
  [`farol_disk_watched{${south}}`]: 1,
  [`farol_backup_failed{${at}}`]: 0,
  [`farol_backup_finished_seconds{${at}}`]: 0,
  [`farol_restore_test_failed{${at}}`]: 0,
  [`farol_restore_test_passed_seconds{${at}}`]: 0,
  [`farol_power{${south},source="battery"}`]: 0,
  [`farol_power{${south},source="low"}`]: 0,
  [`farol_commit_seconds_bucket{${at},le="0.1"}`]: RISING,
  [`farol_commit_seconds_bucket{${at},le="10"}`]: RISING,
  [`farol_commit_seconds_bucket{${at},le="+Inf"}`]: RISING,
  [`etcd_disk_wal_fsync_duration_seconds_bucket{${at},le="0.01"}`]: RISING,
  [`etcd_disk_wal_fsync_duration_seconds_bucket{${at},le="1"}`]: RISING,
  [`etcd_disk_wal_fsync_duration_seconds_bucket{${at},le="+Inf"}`]: RISING,
  [`etcd_mvcc_db_total_size_in_bytes{${at}}`]: 100,
  [`etcd_server_quota_backend_bytes{${at}}`]: 1_000,
  [`node_filesystem_avail_bytes{${root}}`]: 50,
  [`node_filesystem_size_bytes{${root}}`]: 100,
  [`node_timex_sync_status{${at}}`]: 1,
};

/** What differs, for each alert; nothing at all where nobody tells anything. */
const FAULTS: Readonly<Record<string, Series>> = {
  FarolNoWrites: { ...WELL, [`farol_writes{${at},kind="flow"}`]: 0 },
  FarolNotSeen: {},
  FarolUnprotected: { ...WELL, [`farol_writes{${at},kind="unprotected"}`]: 1 },
  FarolSiteSilent: {
    ...WELL,
    [`farol_silent_seconds{${south}}`]: 100,
    'farol_silent_seconds{host="harbour",site="south"}': 90,
  },
  FarolExporterDown: { ...WELL, [`up{job="farol",${at}}`]: 0 },
  FarolProgramDown: { ...WELL, [`farol_up{${at},program="agent"}`]: 0 },
  FarolEtcdMemberDown: { ...WELL, [`farol_etcd_member_up{${at},member="south:2379"}`]: 0 },
  FarolCopyDoesNotFollow: { ...WELL, [`farol_postgres_takes_part{${south}}`]: 0 },
  FarolCopyBehind: { ...WELL, [`farol_lag_bytes{${south}}`]: 2 ** 27 },
  FarolDoesNotConfirm: { ...WELL, [`farol_confirms_writes{${south}}`]: 0 },
  FarolServerSick: { ...WELL, [`farol_server_healthy{${south}}`]: 0 },
  FarolFrontSick: { ...WELL, [`farol_front_healthy{${south}}`]: 0 },
  FarolFrontHolds: { ...WELL, [`farol_front_held{${at}}`]: 4 },
  FarolFrontGaveUp: { ...WELL, [`farol_front_given_up_total{${at}}`]: '0+1x150' },
  FarolPromotionRefused: { ...WELL, [`farol_promotion_refused{${south}}`]: 1 },
  FarolPatroniPaused: { ...WELL, [`farol_patroni_paused{${at}}`]: 1 },
  FarolUnstable: { ...WELL, [`farol_unstable{${south}}`]: 2 },
  FarolCertificateEnds: { ...WELL, [`farol_certificates_end_seconds{${south}}`]: 1e5 },
  FarolOnBattery: { ...WELL, [`farol_power{${south},source="battery"}`]: 1 },
  FarolBatteryLow: { ...WELL, [`farol_power{${south},source="low"}`]: 1 },
  FarolSlowCommits: { ...WELL, [`farol_commit_seconds_bucket{${at},le="0.1"}`]: '0+1x150' },
  FarolEtcdDiskSlow: {
    ...WELL,
    [`etcd_disk_wal_fsync_duration_seconds_bucket{${at},le="0.01"}`]: '0+1x150',
  },
  FarolEtcdFills: { ...WELL, [`etcd_mvcc_db_total_size_in_bytes{${at}}`]: 800 },
  FarolDiskFills: { ...WELL, [`node_filesystem_avail_bytes{${root}}`]: 5 },
  FarolDiskSilent: { ...WELL, [`farol_disk_silent_seconds{${south}}`]: 9 },
  FarolDiskNotWatched: { ...WELL, [`farol_disk_watched{${south}}`]: 0 },
  FarolBackupFails: { ...WELL, [`farol_backup_failed{${at}}`]: 1 },
  // Of what a moment is told, all moments of the trial are long past.
  FarolBackupOld: { ...WELL, [`farol_backup_finished_seconds{${at}}`]: -200_000 },
  FarolRestoreFails: { ...WELL, [`farol_restore_test_failed{${at}}`]: 1 },
  FarolClockNotSet: { ...WELL, [`node_timex_sync_status{${at}}`]: 0 },
};

/** After 135 minutes, of which the longest waits for 120, that alert and no other is told. */
function trial(series: Series, alert?: string) {
  const expected = alert === undefined ? [] : [{ labels: `{alertname="${alert}"}`, value: 1 }];
  return {
    name: alert ?? 'all is well',
    interval: '1m',
    input_series: Object.entries(series).map(([name, value]) => ({
      series: name,
      values: typeof value === 'string' ? value : `${value}x150`,
    })),
    promql_expr_test: [
      {
        expr: 'sum by (alertname) (ALERTS{alertstate="firing"})',
        eval_time: '135m',
        exp_samples: expected,
      },
    ],
  };
}

function run(...options: string[]): string {
  const { stdout, stderr, status } = spawnSync(promtool, options, { encoding: 'utf8' });
  expect([status, `${stdout}${stderr}`]).toEqual([0, expect.any(String)]);
  return `${stdout}${stderr}`;
}

function promtoolOfThisMachine(): string {
  if (spawnSync('promtool', ['--version']).status === 0) return 'promtool';
  const into = join(checkout, '.cache/prometheus');
  const program = join(into, 'usr/bin/promtool');
  if (existsSync(program)) return program;
  mkdirSync(into, { recursive: true });
  const order =
    'apt-get download -q prometheus 2> /dev/null && dpkg --extract prometheus_*.deb . && rm prometheus_*.deb';
  execFileSync('sh', ['-c', order], { cwd: into });
  return program;
}
