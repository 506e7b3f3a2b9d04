import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../../test/cluster/support/until.ts';
import { beginWithCluster } from './story.ts';

// An upgrade that stops halfway, goes on, and is given up again, while clients ask so often that one request in a hundred thousand would show.

const { lab, names, release, play, mustPlay, unfelt } = beginWithCluster();
const REQUESTS = 100_000;
/** How long both releases run side by side at least. */
const MIXED_MS = 600_000;
// So many that they come together within a quarter of an hour.
const TALK = { people: 8, pauseMs: 40 };
const PATIENCE_MS = 1_200_000;

test('an upgrade stops by itself where a site is not well, goes on, and is given up again, and none of 100,000 requests fails', async () => {
  const next = renamed(release.archive, release.name, 'next');
  const told = ['--extra-vars', `farol_release=${next.archive}`];
  const felt = await unfelt(
    'upgrade and rollback',
    async ({ requests, failed }) => {
      const asked = (count: number) =>
        until(
          `${count} requests are answered, or one has failed`,
          async () => requests() >= count || failed() > 0,
          PATIENCE_MS,
        );
      const { sick, mixedSince } = await stopsHalfway(next.name, told);
      await asked(REQUESTS / 2);
      await until(
        'both releases have run side by side for long',
        async () => performance.now() - mixedSince > MIXED_MS || failed() > 0,
        MIXED_MS + 60_000,
      );
      await lab.on(sick, 'systemctl', 'start', 'farol-front');
      await mustPlay('upgrade.yml', ...told);
      for (const name of names) expect(await running(name)).toEqual([next.name]);
      await mustPlay('rollback.yml');
      for (const name of names) expect(await running(name)).toEqual([release.name]);
      await asked(REQUESTS);
    },
    TALK,
  );
  expect(felt.requests).toBeGreaterThanOrEqual(REQUESTS);
});

/** Behind the first site another one's front ends, for which clients do not ask: returns which, and since when both releases run. */
async function stopsHalfway(next: string, told: readonly string[]) {
  const stopped = play('upgrade.yml', ...told);
  const first = await until('a first site has the next release', async () => {
    const links = names.map((name) => lab.on(name, 'readlink', '/opt/farol/current'));
    return names[(await Promise.all(links)).indexOf(next)];
  });
  const mixedSince = performance.now();
  // On a busy machine another may lead by now than did at first.
  const { leader } = await lab.status();
  const sick = names.find((name) => name !== first && name !== leader)!;
  await lab.on(sick, 'systemctl', 'stop', 'farol-front');
  const { status, said } = await stopped;
  expect(said).toContain('Nothing more is stopped while the cluster is not well');
  expect(status).not.toBe(0);
  const runs = await Promise.all(names.map(running));
  expect(runs).toEqual(names.map((name) => [name === first ? next : release.name]));
  return { sick, mixedSince };
}

/** From which releases Farol's programs of this host run. */
async function running(host: string): Promise<string[]> {
  const told = await lab.on(
    host,
    ...['sh', '-c'],
    'for unit in server agent front; do pid=$(systemctl show --value -p MainPID farol-$unit); [ "$pid" = 0 ] || readlink /proc/$pid/cwd; done',
  );
  return [...new Set(told.split('\n').map((path) => path.replace('/opt/farol/', '')))];
}

/** The same release under another name, as if it were the next. */
function renamed(archive: string, name: string, suffix: string) {
  const other = name.replace('-linux-', `${suffix}-linux-`);
  const work = mkdtempSync(join(lab.folder, 'renamed-'));
  execFileSync('tar', ['-x', '-f', archive, '-C', work]);
  cpSync(join(work, name), join(work, other), { recursive: true });
  const made = join(lab.folder, `${other}.tar.gz`);
  execFileSync('tar', ['-c', '-z', '-f', made, '-C', work, other]);
  const sha256 = createHash('sha256').update(readFileSync(made)).digest('hex');
  writeFileSync(`${made}.sha256`, `${sha256}  ${other}.tar.gz\n`);
  return { archive: made, name: other };
}
