import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { REPOSITORY } from './target.ts';

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
  const folder = join(REPOSITORY, '.cache/bench', `${name}-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  git('archive', '--output', `${folder}.tar`, name);
  execFileSync('tar', ['-xf', `${folder}.tar`, '-C', folder]);
  rmSync(`${folder}.tar`);
  execFileSync('cp', ['-al', join(REPOSITORY, 'node_modules'), folder]);
  return { name, folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}
