import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './target.ts';

const KEPT = join(REPOSITORY, '.cache/bench');

export interface Sources extends Disposable {
  /** The commit. */
  readonly name: string;
  readonly folder: string;
}

/**
 * The program as it was at a commit, with the packages that are installed now. They are linked one by
 * one: the sites of a cluster see this folder only, and an embedded PostgreSQL runs as another user.
 */
export function sourcesAt(commit: string): Sources {
  const git = (...args: string[]) => execFileSync('git', ['-C', REPOSITORY, ...args]);
  const name = git('rev-parse', '--short', commit).toString().trim();
  const folder = join(KEPT, `${name}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  removeAbandoned();
  git('archive', '--output', `${folder}.tar`, name);
  execFileSync('tar', ['-xf', `${folder}.tar`, '-C', folder]);
  rmSync(`${folder}.tar`);
  execFileSync('cp', ['-al', join(REPOSITORY, 'node_modules'), folder]);
  return { name, folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/** What runs left behind that were cut off. */
function removeAbandoned(): void {
  for (const name of readdirSync(KEPT)) {
    const [, owner] = /-(\d+)(?:\.tar)?$/.exec(name) ?? [];
    if (!existsSync(`/proc/${owner}`)) rmSync(join(KEPT, name), { recursive: true });
  }
}
