import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ServerName } from '../../server/protocol/identifiers.ts';
import type { JsonValue } from '../../server/protocol/json.ts';
import { publishedKeys } from '../../server/protocol/server-keys.ts';
import { signingKeyFromSeed } from '../../server/protocol/signing-keys.ts';
import { xMatrixHeader } from '../../server/protocol/x-matrix.ts';
import { certificateAuthority } from '../support/certificates.ts';
import type { Asked } from './client.ts';

/** Another homeserver: it publishes its keys, and signs what is asked in its name. */
export interface Peer extends AsyncDisposable {
  /** By which our server finds and trusts it. */
  readonly options: readonly string[];
  authorization(asked: Asked): string;
}

const [NAME, OURS] = ['peer.example' as ServerName, 'example.org' as ServerName];
const DAY_MS = 24 * 3_600_000;

export async function startPeer(): Promise<Peer> {
  const key = signingKeyFromSeed('ed25519:fuzz', Buffer.alloc(32, 9));
  const authority = await certificateAuthority();
  const issued = await authority.issue('peer', { dns: [NAME] });
  const tls = { cert: readFileSync(issued.certificate), key: readFileSync(issued.key) };
  const server = createServer(tls, (_request, response) =>
    response.end(
      JSON.stringify(publishedKeys(NAME, { current: key, old: [] }, Date.now() + DAY_MS)),
    ),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    options: [
      ...['--federation-enabled', 'true', '--federation-ca', authority.ca],
      ...['--federation-peers', `${NAME}=127.0.0.1:${port}`],
    ],
    authorization({ method, path: uri, body }) {
      const request = { method, uri, origin: NAME, destination: OURS };
      return signed(() => xMatrixHeader({ ...request, content: contentOf(body) }, key));
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.closeAllConnections();
      server.close();
      await closed;
      rmSync(authority.folder, { recursive: true, force: true });
    },
  };
}

function contentOf(body: Asked['body']): JsonValue | undefined {
  if (body === undefined) return undefined;
  try {
    return JSON.parse(body.toString()) as JsonValue;
  } catch {
    return undefined;
  }
}

/** What no server could sign is sent all the same. */
function signed(sign: () => string): string {
  try {
    return sign();
  } catch {
    return `X-Matrix origin="${NAME}",destination="${OURS}",key="ed25519:fuzz",sig="none"`;
  }
}
