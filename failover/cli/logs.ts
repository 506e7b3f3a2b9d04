import { spawnSync } from 'node:child_process';

/** What a site stands on, in one journal. The journal knows patterns of units that are there. */
const UNITS = ['etcd', 'patroni', 'farol-*'];

const SINCE_DEFAULT = '-1h';

export interface Asked {
  /** In systemd's words: `-2h`, `yesterday`, `2026-11-27 03:00`. */
  readonly since: string | undefined;
  /** Goes on until it is interrupted. */
  readonly follow: boolean;
}

/** Shows it as journalctl does, with its pager where somebody sits before it; returns how that ended. */
export function showLogs(asked: Asked): number {
  const { error, status } = spawnSync('journalctl', journalOptions(asked), { stdio: 'inherit' });
  if (error) throw new Error('journalctl cannot be run: is this a host?', { cause: error });
  // Ctrl-C is how one ends following.
  return status ?? 0;
}

function journalOptions({ since = SINCE_DEFAULT, follow }: Asked): string[] {
  // One word each: a moment that begins with a dash would be taken for an option.
  return [
    ...UNITS.map((unit) => `--unit=${unit}`),
    ...[`--since=${since}`, '--output=short-iso-precise'],
    ...(follow ? ['--follow'] : []),
  ];
}
