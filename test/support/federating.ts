import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { onTestFinished } from 'vitest';
import type { FederationSettings } from '../../server/federation/features.ts';
import type { ServerName } from '../../server/protocol/identifiers.ts';
import { type SigningKey, signingKeyFromSeed } from '../../server/protocol/signing-keys.ts';
import { type ApiOptions, type ApiServer, startApi } from './api-server.ts';
import type { Authority } from './certificates.ts';
import { freePort } from './free-port.ts';

export interface FederatingServer extends ApiServer {
  readonly name: ServerName;
  readonly key: SigningKey;
  readonly authority: Authority;
  /** No other server reaches it, or they all do again. What it asks itself is not touched. */
  reachable(isReachable: boolean): Promise<void>;
}

let made = 0;

type FederatingOptions = Omit<ApiOptions, 'federation'> & {
  readonly federation?: Partial<FederationSettings>;
  /** By which others know it: servers of one host share what that host may ask. */
  readonly host?: 'localhost' | '127.0.0.1';
  /** The server that it was before, on whose database it goes on. */
  readonly as?: Pick<FederatingServer, 'name' | 'key'>;
  /** A program beside it, under its name, which takes the requests that it answers. */
  readonly beside?: (request: IncomingMessage, response: ServerResponse) => boolean;
};

/** For one test, at whose end it is closed. */
export async function startFederating(
  authority: Authority,
  options: FederatingOptions = {},
): Promise<FederatingServer> {
  const server = await federating(authority, options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** A whole server that other servers reach by TLS, at a port of its own of this machine. */
export async function federating(
  authority: Authority,
  { federation, host = 'localhost', as, beside, ...options }: FederatingOptions = {},
): Promise<FederatingServer> {
  const port = as ? Number(as.name.split(':')[1]) : await freePort();
  const name = `${host}:${port}` as ServerName;
  const key = as?.key ?? signingKeyFromSeed(`ed25519:k${++made}`, Buffer.alloc(32, made));
  const api = await startApi({
    ...options,
    ...{ serverName: name, signingKey: key },
    federation: {
      ...{ enabled: true, ca: authority.ca, peers: new Map(), deny: [] },
      allowNetworks: ['127.0.0.0/8', '::1'],
      ...federation,
    },
  });
  const issued = await authority.issue(`s${port}`, { dns: ['localhost'], ip: ['127.0.0.1'] });
  const [cert, tlsKey] = [readFileSync(issued.certificate), readFileSync(issued.key)];
  const listener: RequestListener = (request, response) => {
    if (!beside?.(request, response)) api.listener(request, response);
  };
  const server = createServer({ cert, key: tlsKey }, listener).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const end = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.closeAllConnections();
    server.close();
    await closed;
  };
  return {
    ...{ ...api, name, key, authority },
    async reachable(isReachable) {
      if (!isReachable) return end();
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    async [Symbol.asyncDispose]() {
      await end();
      await api[Symbol.asyncDispose]();
    },
  };
}
