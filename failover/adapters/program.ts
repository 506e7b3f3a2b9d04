import { type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

interface Running extends Pick<ExecFileOptions, 'env' | 'cwd' | 'uid' | 'gid'> {
  readonly withinMs: number;
  readonly input?: string;
}

/**
 * What a program printed. Not by the `timeout` of `execFile`: if this process stands still for that long, and the
 * program has ended meanwhile, Node throws its output away and calls that a success (seen: "Unexpected end of JSON input").
 */
export async function outputOf(
  program: string,
  options: readonly string[],
  { withinMs, input, ...how }: Running,
): Promise<string> {
  const signal = AbortSignal.timeout(withinMs);
  try {
    const running = run(program, [...options], { ...how, signal });
    // Who ends without having read it says so by its exit code.
    running.child.stdin?.on('error', () => undefined).end(input);
    return (await running).stdout;
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new Error(`${program} has not answered within ${withinMs} ms`, { cause: error });
  }
}
