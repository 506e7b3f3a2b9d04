import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type IpcNetConnectOpts, type TcpNetConnectOpts } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where a program takes connections. */
export type Listening = TcpNetConnectOpts | IpcNetConnectOpts;

/** A server of others that a test runs on this machine. */
export interface Daemon extends AsyncDisposable {
  /** As the power goes. */
  kill(): Promise<void>;
  /** It takes connections, and says nothing. */
  freeze(): void;
  thaw(): void;
  start(): Promise<void>;
}

/** Resolves when it takes connections, and so does each `start` of it. */
export async function startDaemon(
  program: string,
  options: readonly string[],
  at: Listening,
): Promise<Daemon> {
  const run = async () => {
    const started = startProcess(program, options);
    await untilItAnswers(at, started);
    return started.child;
  };
  let running = await run();
  return {
    kill: () => end(running),
    freeze: () => void running.kill('SIGSTOP'),
    thaw: () => void running.kill('SIGCONT'),
    async start() {
      running = await run();
    },
    [Symbol.asyncDispose]: () => end(running),
  };
}

export interface Started {
  readonly child: ChildProcess;
  /** The last that it wrote. */
  said(): string;
}

export function startProcess(
  program: string,
  options: readonly string[],
  { cwd, env = {} }: Pick<SpawnOptions, 'cwd' | 'env'> = {},
): Started {
  const child = spawn(program, options, {
    ...{ cwd, env: { ...process.env, ...env } },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-10_000);
    });
  return { child, said: () => said };
}

export async function untilItAnswers(at: Listening, { child, said }: Started): Promise<void> {
  while (!(await answers(at))) {
    if (hasEnded(child))
      throw new Error(`${child.spawnfile} ended with ${child.exitCode}: ${said()}`);
    await sleep(20);
  }
}

async function answers(at: Listening): Promise<boolean> {
  const socket = connect(at);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Also where what the program had begun outlives it for a moment. */
export async function untilNobodyAnswers(at: Listening): Promise<void> {
  while (await answers(at)) await sleep(20);
}

export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (hasEnded(child)) return;
  child.kill(signal);
  await once(child, 'exit');
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;
