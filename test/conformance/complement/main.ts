import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compareResults, countFunctions, countLeaves, type Difference } from './compare-results.ts';
import { parseResultList, printResultList, takeOver } from './result-list.ts';
import { resultsOfRun } from './run-results.ts';

// `npm run complement -- [--partial] [--write] RUN.json`: what a run says that the list does not.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: 'string', default: join(import.meta.dirname, 'csapi.tsv') },
    partial: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const [file] = positionals;
if (file === undefined) throw new Error('Name the file with the output of `go test -json`');

const list = parseResultList(readFileSync(values.list, 'utf8'));
const run = resultsOfRun(readFileSync(file, 'utf8'));
const differences = compareResults(list, run, { partial: values.partial });
for (const difference of differences) console.log(sentence(difference));
for (const [what, counts] of Object.entries({
  functions: countFunctions(run),
  leaves: countLeaves(run),
}))
  console.log(
    `${what}: ${Object.entries(counts)
      .map((each) => each.reverse().join(' '))
      .join(', ')}`,
  );
if (values.write) writeFileSync(values.list, printResultList(takeOver(list, run)));
else if (differences.length > 0) process.exitCode = 1;

function sentence({ kind, name, before, now }: Difference): string {
  return `${kind}: ${name} (${before ?? 'not listed'} -> ${now ?? 'not run'})`;
}
