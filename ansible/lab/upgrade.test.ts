import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { until } from '../../test/cluster/support/until.ts';
import { beginWithCluster } from './story.ts';

// An upgrade and the way back, while clients ask so often that one request in a hundred thousand would show.

const { lab, names, release, mustPlay, unfelt } = beginWithCluster();
const REQUESTS = 100_000;
// So many that they come together within a quarter of an hour.
const TALK = { people: 8, pauseMs: 40 };
const PATIENCE_MS = 1_200_000;

test('a release is taken up site by site and given up again, and none of 100,000 requests fails', async () => {
  const next = renamed(release.archive, release.name, 'next');
  const felt = await unfelt(
    'upgrade and rollback',
    async ({ requests, failed }) => {
      const asked = (count: number) =>
        until(
          `${count} requests are answered, or one has failed`,
          async () => requests() >= count || failed() > 0,
          PATIENCE_MS,
        );
      await mustPlay('upgrade.yml', '--extra-vars', `farol_release=${next.archive}`);
      for (const name of names) expect(await running(name)).toEqual([next.name]);
      await asked(REQUESTS / 2);
      await mustPlay('rollback.yml');
      for (const name of names) expect(await running(name)).toEqual([release.name]);
      await asked(REQUESTS);
    },
    TALK,
  );
  expect(felt.requests).toBeGreaterThanOrEqual(REQUESTS);
});

/** From which releases Farol's programs of this host run. */
async function running(host: string): Promise<string[]> {
  const told = await lab.on(
    host,
    ...['sh', '-c'],
    'for unit in server agent front; do readlink /proc/$(systemctl show --value -p MainPID farol-$unit)/cwd; done',
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
