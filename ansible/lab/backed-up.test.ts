import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { beginWithCluster, say } from './story.ts';

// Backups at another host, that host away, and a drill while it is. Each test goes on where the one before ended.

const { lab, play, mustPlay } = beginWithCluster();

test('a backup is made, can be read by nobody else, and holds what the primary held', async () => {
  const made = await mustPlay('backup-now.yml', '--extra-vars', 'kind=full');
  expect(made.said).toContain('full backup:');
  await lab.on('vault', 'sh', '-c', 'test -d /srv/farol-backup/lab/backup/farol');
  // Whatever is not encrypted has such words in it.
  await lab.on('vault', 'sh', '-c', '! grep -rqlE "m.room|system-id" /srv/farol-backup/lab');
  const restored = await mustPlay('restore-test.yml');
  expect(restored.said).toContain('holds exactly what the primary held');
});

test('a host of backups that is away is named, and keeps nobody from leading or writing', async () => {
  await lab.on('vault', 'systemctl', 'stop', 'ssh', 'ssh.socket');
  try {
    const refused = await play('backup-now.yml');
    expect(refused.said).toContain('the repository does not answer');
    expect(refused.status).not.toBe(0);
    // The lab's hosts are not reached by SSH: so it cannot tell its keys either.
    await lab.on('vault', 'mv', '/etc/ssh', '/etc/ssh.away');
    const mended = await mustPlay('site.yml');
    expect(mended.said).toContain('WARNING: vault, which keeps the backups, does not answer');
    await lab.on('vault', 'mv', '/etc/ssh.away', '/etc/ssh');
    const drilled = await mustPlay('drill.yml');
    expect(drilled.said).toContain('the log stood at ');
    const [kept] = readdirSync(join(lab.folder, 'drills'));
    say(`drill: ${readFileSync(join(lab.folder, 'drills', kept!), 'utf8')}`);
  } finally {
    await lab.on('vault', 'systemctl', 'start', 'ssh');
  }
});
