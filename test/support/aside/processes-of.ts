import { readdirSync, readFileSync } from 'node:fs';

/** Those of a program that a process has started, and that have not ended. */
export function processesOf(program: string, parentPid = process.pid): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const [command, stat] = ['cmdline', 'stat'].map((file) => textOf(`/proc/${pid}/${file}`));
      const [state, parent] = stat!.slice(stat!.lastIndexOf(')') + 2).split(' ');
      const isOf = Number(parent) === parentPid && state !== 'Z';
      return isOf && command!.includes(program);
    });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
