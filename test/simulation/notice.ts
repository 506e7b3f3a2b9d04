import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { commitOf } from './commit-of.ts';
import { drawMutants, type Mutant, mutated, read } from './mutants.ts';
import { figures, notNoticedBy, seedsIn } from './seeds-in.ts';

// Which share of small mistakes in failover/core seeds alone notice:
//   node test/simulation/notice.ts --into FILE [--seconds 540] [--seeds 120] [--count 120] [--among lead/,gate.ts]
// FILE begins with the commit and the seeds, and has a line for each mutant that was tried; whoever calls it again, of the same, goes on behind
// the last one. A mutant that throws, does not end or crashes is counted apart: it takes no invariant to notice it.

const { values } = parseArgs({
  options: {
    into: { type: 'string' },
    seconds: { type: 'string', default: '540' },
    seeds: { type: 'string', default: '120' },
    count: { type: 'string', default: '120' },
    among: { type: 'string', default: '' },
  },
});
const root = join(import.meta.dirname, '../..');
const seeds = Number(values.seeds);
const into = values.into ?? join(tmpdir(), 'mutants.txt');
const head = `# ${[commitOf(root), `${seeds} seeds`, ...(values.among ? [values.among] : [])].join(', ')}`;
if (!existsSync(into)) writeFileSync(into, `${head}\n`);
const tried = linesOf(into);
if (tried[0] !== head) throw new Error(`${into} is of other sources: ${tried[0]}, not ${head}`);
const until = performance.now() + 1_000 * Number(values.seconds);
const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
try {
  cpSync(join(root, 'failover'), join(copy, 'failover'), { recursive: true });
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  const sound = await seedsIn(copy, seeds);
  if (sound !== notNoticedBy(seeds)) throw new Error(`With no mistake in them: ${sound}`);
  for (const mutant of drawMutants(root, Number(values.count), values.among.split(','))) {
    if (performance.now() > until) break;
    if (tried.some((line) => line.startsWith(`${nameOf(mutant)}: `))) continue;
    const found = await noticed(mutant);
    appendFileSync(into, `${nameOf(mutant)}: ${found}\n`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log(figures(linesOf(into).slice(1)));

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}

function nameOf({ file, line, start, was, by }: Mutant): string {
  const short = was.replaceAll(/\s+/g, ' ').slice(0, 60);
  return `${file}:${line} (${start}) ${short} → ${by === '' ? 'left out' : by}`;
}

async function noticed(mutant: Mutant): Promise<string> {
  const text = read(root, mutant.file);
  const path = join(copy, mutant.file);
  writeFileSync(path, mutated(text, mutant));
  try {
    return await seedsIn(copy, seeds);
  } finally {
    writeFileSync(path, text);
  }
}
