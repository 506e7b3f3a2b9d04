import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
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

/** Times are those of this machine's clock, in ms. */
export interface Heard {
  readonly sender: string;
  readonly body: string;
  readonly at: number;
}

export interface Said {
  readonly body: string;
  readonly askedAt: number;
  readonly acknowledgedAt: number;
}

/** A program that tells what it hears of others, and what it says itself. */
export interface Program extends AsyncDisposable {
  readonly heard: readonly Heard[];
  readonly said: readonly Said[];
  /** What it was given and could not decrypt. */
  readonly unreadable: readonly string[];
  /** Each line, for whoever must find out why a test failed. */
  readonly printed: readonly string[];
  /** Rejects when it ends. */
  readonly dies: Promise<never>;
  write(line: string): void;
}

export interface Server {
  readonly url: string;
  /** PEM of whom clients trust, where that is not whom everybody does. */
  readonly ca?: string;
}

/** The bot of simplematrixbotlib; resolves when it is through its first /sync. */
export const echoBot = (server: Server, account: Account): Promise<Program> =>
  startProgram(inPython('echo_bot.py'), server, account, (line) => line.includes('Connected to '));

/** The bot of matrix-bot-sdk; resolves when it has begun to sync. */
export const botSdkBot = (server: Server, account: Account): Promise<Program> =>
  startProgram([process.execPath, ours('bot-sdk-bot.ts')], server, account, isReady);

/**
 * Somebody with matrix-nio who joins where they are invited, and says there each line that is written once so many are in
 * that room; resolves behind its first /sync.
 */
export const nioTalker = (server: Server, account: Account, people: number): Promise<Program> =>
  startProgram(inPython('nio_talker.py'), server, account, isReady, [String(people)]);

const ours = (file: string) => join(import.meta.dirname, file);
/** Without compiled copies of our programs beside them. */
const inPython = (file: string) => [python, '-uB', ours(file)] as const;
const isReady = (line: string) => line.startsWith('{"ready"');

async function startProgram(
  [program, ...words]: readonly [string, ...string[]],
  { url, ca }: Server,
  { userId, password }: Account,
  isReady: (line: string) => boolean,
  more: readonly string[] = [],
): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'farol-program-'));
  const trusted = join(folder, 'ca.crt');
  if (ca !== undefined) writeFileSync(trusted, ca);
  const trusting = { SSL_CERT_FILE: trusted, NODE_EXTRA_CA_CERTS: trusted };
  const child = spawn(program, [...words, url, userId, password, folder, ...more], {
    env: { ...process.env, ...(ca !== undefined && trusting) },
  });
  const ended = once(child, 'exit');
  const dies = ended.then(([code]) => {
    throw new Error(`${words.join(' ')} ended with ${code}`);
  });
  dies.catch(() => {});
  const notes = { heard: [], said: [], unreadable: [], printed: [] };
  await readsUntil(child, notes, isReady).catch((cause) => {
    throw new Error(`${words.join(' ')} ended:\n${notes.printed.join('\n')}`, { cause });
  });
  return {
    ...{ ...notes, dies },
    write: (line) => void child.stdin.write(`${line}\n`),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Notes {
  readonly heard: Heard[];
  readonly said: Said[];
  readonly unreadable: string[];
  readonly printed: string[];
}

/** Notes all that it prints, for as long as it lives; resolves when it is ready. */
function readsUntil(
  child: ChildProcessWithoutNullStreams,
  notes: Notes,
  isReady: (line: string) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        notes.printed.push(line);
        if (line.startsWith('{')) note(notes, JSON.parse(line) as Told);
        if (isReady(line)) resolve();
      });
    child.once('error', reject).once('exit', (code) => reject(new Error(`exit status ${code}`)));
  });
}

interface Told {
  readonly at: number;
  readonly heard?: string;
  readonly said?: string;
  readonly unreadable?: string;
  readonly sender?: string;
  readonly asked?: number;
}

function note({ heard, said, unreadable }: Notes, told: Told): void {
  const { at } = told;
  if (told.heard !== undefined) heard.push({ sender: told.sender!, body: told.heard, at });
  if (told.said !== undefined)
    said.push({ body: told.said, askedAt: told.asked!, acknowledgedAt: at });
  if (told.unreadable !== undefined) unreadable.push(`${told.unreadable} of ${told.sender}`);
}
