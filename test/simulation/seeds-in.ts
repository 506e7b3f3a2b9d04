import { fork } from 'node:child_process';
import { join } from 'node:path';

/** In which one seed has ended on any machine: who takes longer runs in a circle. */
const SEED_MS = 60_000;

/** What a run of seeds says where all of them hold. */
export const notNoticedBy = (seeds: number): string => `NOT NOTICED by ${seeds} seeds`;

/** What became of a run, the first that says so; whatever else is said there (a warning of Node) is none of it. */
const SAYS = /^(?:seed \d+: |throws: |NOT NOTICED ).*$/m;

/**
 * Seeds against the sources in a folder, until one is broken. One line: `seed N: …` of an invariant that does not hold; `throws: …`,
 * `does not end` or `crashed: …` of what anybody notices without any; else that nothing is noticed.
 */
export function seedsIn(folder: string, seeds: number): Promise<string> {
  const child = fork(join(import.meta.dirname, 'run-seeds.ts'), [folder, String(seeds)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let [said, amiss, hangs] = ['', '', false];
  child.stdout!.on('data', (piece) => {
    said += piece;
  });
  child.stderr!.on('data', (piece) => {
    amiss = (amiss + piece).slice(-10_000);
  });
  const stop = () => {
    hangs = true;
    child.kill('SIGKILL');
  };
  let timer = setTimeout(stop, SEED_MS);
  child.on('message', () => {
    clearTimeout(timer);
    timer = setTimeout(stop, SEED_MS);
  });
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const why = /^\w*Error\b.*$/m.exec(amiss)?.[0] ?? '';
      const crashed = `crashed: ${code ?? signal} ${why}`.trim();
      resolve(hangs ? 'does not end' : (SAYS.exec(said)?.[0] ?? crashed));
    });
  });
}

/** Of lines `MUTANT: WHAT BECAME OF IT`, how many of each. */
export function figures(lines: readonly string[]): string {
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  const noticed = count(/: seed \d+: /);
  const share = ((100 * noticed) / Math.max(1, lines.length)).toFixed(1);
  const others = [
    `${count(/: throws: /)} throw`,
    `${count(/: does not end$/)} do not end`,
    `${count(/: crashed: /)} crash`,
    `${count(/: NOT NOTICED by /)} not noticed`,
  ];
  return `${lines.length} tried: ${noticed} noticed by an invariant (${share} %), ${others.join(', ')}`;
}
