import { execFileSync } from 'node:child_process';

/** The last that changed what is tried. */
export function commitOf(root: string): string {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: root, encoding: 'utf8' });
  const changed = git('status', '--porcelain', '--', 'failover') !== '';
  return `${git('log', '-1', '--format=%h', '--', 'failover').trim()}${changed ? ', changed' : ''}`;
}
