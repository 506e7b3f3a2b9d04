import { fork } from 'node:child_process';
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
import { drawMutants, type Mutant, mutated, read } from './mutants.ts';

// Which share of small mistakes in failover/core seeds alone notice:
//   node test/simulation/notice.ts --into FILE [--seconds 540] [--seeds 120] [--count 120]
// FILE has a line for each mutant that was tried; whoever calls it again goes on behind the last one.

const { values } = parseArgs({
  options: {
    into: { type: 'string' },
    seconds: { type: 'string', default: '540' },
    seeds: { type: 'string', default: '120' },
    count: { type: 'string', default: '120' },
  },
});
const root = join(import.meta.dirname, '../..');
/** In which one seed has ended on any machine: who takes longer runs in a circle. */
const SEED_MS = 60_000;

const into = values.into ?? join(tmpdir(), 'mutants.txt');
const tried = existsSync(into) ? readFileSync(into, 'utf8').split('\n') : [];
const until = performance.now() + 1_000 * Number(values.seconds);
const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
try {
  cpSync(join(root, 'failover'), join(copy, 'failover'), { recursive: true });
  cpSync(join(root, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const mutant of drawMutants(root, Number(values.count))) {
    if (performance.now() > until) break;
    if (tried.some((line) => line.startsWith(`${nameOf(mutant)}: `))) continue;
    const found = await noticed(mutant);
    appendFileSync(into, `${nameOf(mutant)}: ${found}\n`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
console.log(figures(readFileSync(into, 'utf8')));

function nameOf({ file, line, start, was, by }: Mutant): string {
  const short = was.replaceAll(/\s+/g, ' ').slice(0, 60);
  return `${file}:${line} (${start}) ${short} → ${by === '' ? 'left out' : by}`;
}

async function noticed(mutant: Mutant): Promise<string> {
  const text = read(root, mutant.file);
  const path = join(copy, mutant.file);
  writeFileSync(path, mutated(text, mutant));
  try {
    return (await seedsIn(copy)) || `NOT NOTICED by ${values.seeds} seeds`;
  } finally {
    writeFileSync(path, text);
  }
}

function seedsIn(folder: string): Promise<string> {
  const child = fork(join(import.meta.dirname, 'run-seeds.ts'), [folder, values.seeds], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (piece) => {
      said += piece;
    });
  const hangs = () => {
    said = 'it does not end';
    child.kill('SIGKILL');
  };
  let timer = setTimeout(hangs, SEED_MS);
  child.on('message', () => {
    clearTimeout(timer);
    timer = setTimeout(hangs, SEED_MS);
  });
  return new Promise((resolve) => {
    child.on('close', () => {
      clearTimeout(timer);
      resolve(said.trim().split('\n')[0] ?? '');
    });
  });
}

function figures(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '');
  const not = lines.filter((line) => line.includes('NOT NOTICED'));
  const share = ((100 * (lines.length - not.length)) / lines.length).toFixed(1);
  return `${lines.length} tried, ${lines.length - not.length} noticed (${share} %)`;
}
