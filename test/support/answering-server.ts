import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ServerName } from '../../server/protocol/identifiers.ts';
import type { Authority } from './certificates.ts';

export interface AnsweringServer {
  readonly name: ServerName;
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[];
  /** Cuts all that is under way. */
  cut(): void;
}

let made = 0;

/** Another server by TLS, for one test, which answers what the test likes, or nothing. */
export async function startAnswering(
  authority: Authority,
  answers: (path: string, answer: ServerResponse, name: ServerName) => void,
): Promise<AnsweringServer> {
  const issued = await authority.issue(`answering${++made}`, { dns: ['localhost'] });
  const files = { cert: readFileSync(issued.certificate), key: readFileSync(issued.key) };
  const asked: string[] = [];
  let name = '' as ServerName;
  const server = createServer(files, ({ url = '' }: IncomingMessage, answer) => {
    asked.push(url);
    answers(url, answer, name);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  name = `localhost:${(server.address() as AddressInfo).port}` as ServerName;
  return { name, asked, cut: () => server.closeAllConnections() };
}
