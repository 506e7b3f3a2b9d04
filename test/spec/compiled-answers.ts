import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { answersOfSpecification } from './answers-of-specification.ts';
import { SPEC_FOLDER, SPEC_IS_HERE } from './from-specification.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** With a file for each operation's answers; empty where the specification's data are not at hand. */
    answersFolder: string;
  }
}

/** Before all tests: in each of their files the first request of a kind would parse YAML for it, which may take a second. */
export default function setup(project: TestProject) {
  project.provide('answersFolder', SPEC_IS_HERE ? compiledAnswers() : '');
}

export const fileOf = (route: string): string =>
  `${createHash('sha256').update(route).digest('hex').slice(0, 32)}.json`;

/** Kept by the content of what they are made from; whoever makes them at the same time makes the same. */
function compiledAnswers(): string {
  const folder = join(import.meta.dirname, '../../.cache/answers');
  const kept = join(folder, contentKey());
  if (existsSync(kept)) return kept;
  mkdirSync(folder, { recursive: true });
  const made = mkdtempSync(join(folder, 'making-'));
  for (const [route, answers] of answersOfSpecification())
    writeFileSync(join(made, fileOf(route)), JSON.stringify(answers));
  try {
    renameSync(made, kept);
  } catch (error) {
    rmSync(made, { recursive: true });
    if (!existsSync(kept)) throw error;
  }
  return kept;
}

function contentKey(): string {
  const hash = createHash('sha256');
  const own = ['answers-of-specification.ts', 'from-specification.ts', 'compiled-answers.ts'];
  for (const name of own) hash.update(readFileSync(join(import.meta.dirname, name)));
  const parser = createRequire(import.meta.url)('yaml/package.json') as { version: string };
  hash.update(parser.version);
  const names = readdirSync(SPEC_FOLDER, { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((each) => /\.(yaml|tsv)$/.test(each)).sort())
    hash.update(name).update(readFileSync(join(SPEC_FOLDER, name)));
  return hash.digest('hex').slice(0, 32);
}
