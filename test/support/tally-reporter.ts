import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export interface Tally {
  passed: number;
  failed: number;
  /** The full names of the tests that were not run, each after the name of its project. */
  skipped: string[];
}

/** Counts a run and writes the counts as JSON to the file that FAROL_TALLY names; test/run.ts reads it. */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env.FAROL_TALLY;
    if (file) writeFileSync(file, JSON.stringify(tallyOf(modules, unhandledErrors.length)));
  }
}

function tallyOf(modules: readonly TestModule[], unhandled: number): Tally {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const inState = (state: string) => tests.filter((test) => test.result().state === state);
  // A file that could not be loaded, or whose hooks failed, has no failed test of its own.
  const failedWithout = modules.filter((module) => !module.ok() && !hasFailed(module));
  return {
    passed: inState('passed').length,
    failed: inState('failed').length + failedWithout.length + unhandled,
    skipped: [...inState('skipped'), ...inState('pending')].map(nameOf),
  };
}

const hasFailed = (module: TestModule) =>
  [...module.children.allTests()].some((test) => test.result().state === 'failed');

const nameOf = (test: TestCase) => `${test.project.name}: ${test.fullName}`;
