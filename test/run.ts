import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { excuseFor } from './left-out.ts';
import { engineAnswers } from './support/docker-engine.ts';
import type { Tally } from './support/tally-reporter.ts';

// `npm test`: everything this machine can run. Arguments go to vitest (`npm test -- failover/core`).
// FAROL_EVERYTHING (set by .ci/run) makes it a failure to leave anything out.

const everything = Boolean(process.env.FAROL_EVERYTHING);
const withClusters = await engineAnswers();
const { status, tally } = runVitest(withClusters ? ['first-minute', 'unit', 'cluster'] : ['unit']);
const unexcused = tally.skipped.filter((name) => excuseFor(name) === undefined);
const leftOut = !withClusters || unexcused.length > 0;

for (const name of tally.skipped) console.log(`skipped  ${name}${because(name)}`);
if (!withClusters)
  console.log(
    'Left out: what runs in containers (test/cluster, test/first-minute); `.ci/run` installs Docker for it.',
  );
if (everything && leftOut)
  console.log(
    'FAROL_EVERYTHING is set, so what is left out without a reason of test/left-out.ts is a failure.',
  );
console.log(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped.length} skipped`);
process.exitCode = status !== 0 || tally.failed > 0 || (everything && leftOut) ? 1 : 0;

function runVitest(projects: string[]): { status: number; tally: Tally } {
  const folder = mkdtempSync(join(tmpdir(), 'farol-tally-'));
  const file = join(folder, 'tally.json');
  const vitest = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=./test/support/tally-reporter.ts'];
  const chosen = projects.map((project) => `--project=${project}`);
  const { status } = spawnSync(
    process.execPath,
    [vitest, 'run', ...chosen, ...reporters, ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, FAROL_TALLY: file } },
  );
  try {
    return { status: status ?? 1, tally: JSON.parse(readFileSync(file, 'utf8')) as Tally };
  } catch {
    return { status: 1, tally: { passed: 0, failed: 1, skipped: [] } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function because(name: string): string {
  const excuse = excuseFor(name);
  return excuse === undefined ? '' : ` (${excuse})`;
}
