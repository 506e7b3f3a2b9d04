import { spawnSync } from 'node:child_process';

/** What Docker printed; throws with what it said if it fails. */
export function docker(...options: string[]): string {
  const ended = spawnSync('docker', options, { encoding: 'utf8', maxBuffer: 64 << 20 });
  if (ended.status === 0) return ended.stdout.trim();
  throw new Error(
    `docker ${options.slice(0, 6).join(' ')} failed:\n${ended.stderr}${ended.stdout}`,
  );
}

/** For what may be gone already. */
docker.maybe = (...options: string[]): void => {
  spawnSync('docker', options, { stdio: 'ignore' });
};
