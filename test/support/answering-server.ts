import type { ServerResponse } from 'node:http';
import type { ServerName } from '../../server/protocol/identifiers.ts';
import type { Authority } from './certificates.ts';
import { listenByTls } from './tls-server.ts';

export interface AnsweringServer {
  readonly name: ServerName;
  /** The paths that were asked for, in order. */
  readonly asked: readonly string[];
  /** Cuts all that is under way. */
  cut(): void;
}

/** Another server by TLS, for one test, which answers what the test likes, or nothing. */
export async function startAnswering(
  authority: Authority,
  answers: (path: string, answer: ServerResponse, name: ServerName) => void,
): Promise<AnsweringServer> {
  const asked: string[] = [];
  const { server, name } = await listenByTls(authority, ({ url = '' }, answer) => {
    asked.push(url);
    answers(url, answer, name);
  });
  return { name, asked, cut: () => server.closeAllConnections() };
}
