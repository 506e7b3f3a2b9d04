import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A program that answers one line of JSON with another, in order. */
export interface Peer {
  ask<Answer>(question: object): Promise<Answer>;
  [Symbol.asyncDispose](): Promise<void>;
}

const root = join(import.meta.dirname, '..', '..');
const CANDIDATES = [
  process.env.SYNAPSE_PYTHON,
  join(root, '.cache', 'synapse', 'bin', 'python'),
  'python3',
];

/** The Python that can import Synapse, if there is one on this machine. */
export function findSynapse(): string | undefined {
  return CANDIDATES.find((python) => {
    if (python === undefined || (python.includes('/') && !existsSync(python))) return false;
    try {
      execFileSync(python, ['-c', 'import synapse.event_auth'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

/** The program of `ruma/`, where it was built. */
export function findRuma(): string | undefined {
  const built = join(import.meta.dirname, 'ruma', 'target', 'release', 'ruma-peer');
  return process.env.RUMA_PEER ?? (existsSync(built) ? built : undefined);
}

export function startPeer(command: string, args: readonly string[] = []): Peer {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve(line: string): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(line));
  child.on('exit', (code) => {
    for (const each of waiting.splice(0)) each.reject(new Error(`the peer ended with ${code}`));
  });
  return {
    async ask<Answer>(question: object) {
      const answer = new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }));
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return JSON.parse(await answer) as Answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}
