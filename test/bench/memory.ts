import { readFileSync } from 'node:fs';

/** Of a process, now and at most so far: proc_pid_status(5). */
export function residentMiB(pid: number): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string) =>
    Math.round(Number(new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)![1]) / 1_024);
  return { now: field('VmRSS'), most: field('VmHWM') };
}
