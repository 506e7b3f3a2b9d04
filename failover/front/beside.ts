import { buildConnector } from 'undici';
import { IN_PLACE } from './read-in-place.ts';

/** The server of the same machine. */
export interface Beside {
  /** By which the agents name it when it is the writer. */
  readonly url: string;
  /** Its socket. */
  readonly path: string;
}

const CONNECT_WITHIN_MS = 500;

/**
 * Connects to the server beside this front by its socket, where TLS would only encrypt for the kernel what the next program decrypts: half
 * of what a file costs on its way between the two. Whoever may open it the folder says, as of the socket by which the agent gives that server
 * its role. A server that has none, or is gone, is asked as any other: what that says counts.
 */
export function besideOr(
  others: buildConnector.connector,
  { url, path }: Beside,
): buildConnector.connector {
  const { host } = new URL(url);
  const connect = buildConnector({
    ...{ socketPath: path, timeout: CONNECT_WITHIN_MS },
    ...{ allowH2: false, onread: IN_PLACE },
  });
  return (to, done) => {
    if (to.host !== host) return others(to, done);
    connect({ ...to, protocol: 'http:' }, (...[error, socket]) => {
      if (error === null) done(null, socket);
      else others(to, done);
    });
  };
}
