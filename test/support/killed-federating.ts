import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { onTestFinished } from 'vitest';
import type { Authority } from './certificates.ts';
import { temporaryFolder } from './folder.ts';
import { type KilledProgram, killedProgram } from './killed-program.ts';
import { freshDatabase } from './postgres.ts';
import { listenByTls } from './tls-server.ts';

/** One of ours, which other servers reach by TLS through a proxy. */
export interface KilledFederating extends KilledProgram {
  readonly name: string;
  /** What others asked of it, and what they were answered. */
  readonly sent: readonly string[];
  /** No proxy answers either, as where the machine has no power. */
  dark: boolean;
}

/** Not begun yet. `peers` are names of this machine, with their ports. */
export async function killedFederating(
  authority: Authority,
  peers: readonly string[],
): Promise<KilledFederating> {
  const fresh = await freshDatabase();
  onTestFinished(() => fresh[Symbol.asyncDispose]());
  const sent: string[] = [];
  let at: KilledFederating | undefined;
  const { name } = await listenByTls(authority, (asked, answer) => {
    if (at === undefined || at.dark) return void asked.socket.destroy();
    answer.on('close', () => sent.push(`${asked.method} ${asked.url} ${answer.statusCode}`));
    passOn(at.origin, asked, answer);
  });
  const program = await killedProgram([
    ...['--data', temporaryFolder(), '--server-name', name, '--database', fresh.url],
    ...['--password-cost', 'for-tests', '--federation-enabled', 'true'],
    ...['--federation-ca', authority.ca, '--federation-allow-networks', '127.0.0.0/8'],
    ...['--federation-peers', peers.map(byTable).join(',')],
  ]);
  at = { ...program, name, sent, dark: false };
  return at;
}

const byTable = (peer: string) => `${peer}=127.0.0.1:${peer.split(':')[1]}`;

/** What a proxy does in front of us: whoever comes while nobody is behind it is told so. */
function passOn(origin: string, asked: IncomingMessage, answer: ServerResponse): void {
  const { method, headers, url } = asked;
  const onward: ClientRequest = request(origin + url, { method, headers });
  onward.on('response', (told) => {
    answer.writeHead(told.statusCode!, told.headers);
    told.pipe(answer);
    told.on('error', () => answer.destroy());
  });
  onward.on('error', () => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(502).end();
  });
  asked.pipe(onward);
}
