import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Peer, startPeer } from '../../differential/peer.ts';
import type { Account } from '../sdk.ts';

const root = join(import.meta.dirname, '../../..');

/** The Python that has matrix-nio and simplematrixbotlib: `npm run test:clients` installs them first. */
const python = join(root, '.cache/clients/bin/python');

export interface Person extends AsyncDisposable {
  /** Rejects with what matrix-nio said where it could not. */
  does<Answer>(deed: string, how?: object): Promise<Answer>;
}

/** Somebody who uses matrix-nio, as a process of its own with a store of its own. */
export function nioPerson(url: string, { userId }: Account): Person {
  const store = mkdtempSync(join(tmpdir(), 'farol-nio-'));
  const peer: Peer = startPeer(python, [
    join(import.meta.dirname, 'nio_peer.py'),
    url,
    userId,
    store,
  ]);
  return {
    async does<Answer>(deed: string, how: object = {}) {
      const answer = await peer.ask<Answer & { refusal?: string }>({ do: deed, ...how });
      if (answer.refusal !== undefined) throw new Error(`${deed}: ${answer.refusal}`);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      await peer[Symbol.asyncDispose]();
      rmSync(store, { recursive: true, force: true });
    },
  };
}

/** The bot of simplematrixbotlib; resolves when it is through its first /sync. */
export async function echoBot(url: string, account: Account): Promise<AsyncDisposable> {
  const folder = mkdtempSync(join(tmpdir(), 'farol-bot-'));
  const words = [
    join(import.meta.dirname, 'echo_bot.py'),
    url,
    account.userId,
    account.password,
    folder,
  ];
  const child = spawn(python, ['-u', ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  await saysIn(child, 'Connected to ');
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function saysIn(child: ReturnType<typeof spawn>, words: string): Promise<void> {
  let said = '';
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes(words)) resolve();
      });
    child.once('exit', () => reject(new Error(`The bot ended:\n${said}`)));
  });
}
