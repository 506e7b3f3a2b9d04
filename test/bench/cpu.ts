import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

let ticksPerSecond: number | undefined;

/** Milliseconds that the process has computed, with the children that it has reaped. */
export function cpuMsOf(pid: number): number {
  const fields = statOf(pid);
  if (!fields) return 0;
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const ms = fields.slice(11, 15).map((ticks) => (Number(ticks) / ticksPerSecond!) * 1_000);
  const [user, system, childrenUser, childrenSystem] = ms;
  return Math.max(user! + system!, threadsMsOf(pid)) + childrenUser! + childrenSystem!;
}

/** The same by a clock of nanoseconds, where ticks are 10 ms; without the threads that have ended. */
function threadsMsOf(pid: number): number {
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'),
    );
    return threads.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e6, 0);
  } catch {
    return 0;
  }
}

/** With all that it has started: PostgreSQL's backends, its writers and its checkpointer. */
export function cpuMsOfTree(pid: number): number {
  return descendantsOf(pid).reduce((sum, each) => sum + cpuMsOf(each), cpuMsOf(pid));
}

function descendantsOf(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(statOf(Number(name))?.[1]) }));
  const below = (parent: number): number[] =>
    parents
      .filter((each) => each.parent === parent)
      .flatMap((each) => [each.pid, ...below(each.pid)]);
  return below(pid);
}

/** The fields of proc_pid_stat(5) behind the name, which may hold blanks: [0] is the state. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
