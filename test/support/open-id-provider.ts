import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration } from 'oidc-provider';
import type { ProviderSettings } from '../../server/sign-in/provider.ts';

/** What a provider says of somebody, by the name with which they log in there. */
export type People = Record<string, Readonly<Record<string, string | boolean>>>;

export interface OpenIdProvider extends AsyncDisposable {
  readonly issuer: string;
  readonly people: People;
  /** As an operator writes it down. */
  readonly settings: ProviderSettings;
  /** How often each of its doors was asked. */
  readonly asked: Map<string, number>;
  /** Where servers are that it asks, by the origin that stands in addresses. */
  readonly servers: Record<string, string>;
}

const LOGOUT_OF = (id: string) => `https://matrix.example.org/_farol/sign-in/${id}/logout`;
export const BACK_OF = (id: string) => `https://matrix.example.org/_farol/sign-in/${id}/back`;

/** A real provider, with its own pages: whoever is in its list may log in, by any password. */
export async function startOpenIdProvider(
  told: Partial<ProviderSettings> = {},
  { port = 0, ...configuration }: Configuration & { port?: number } = {},
): Promise<OpenIdProvider> {
  const id = told.id ?? 'company';
  const people: People = {};
  const asked = new Map<string, number>();
  const servers: Record<string, string> = {};
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const secret = 'a secret of at least thirty-two characters';
  const provider = new Provider(issuer, {
    clients: [
      {
        ...{ client_id: 'farol', client_secret: secret, redirect_uris: [BACK_OF(id)] },
        backchannel_logout_uri: LOGOUT_OF(id),
        backchannel_logout_session_required: true,
      },
    ],
    features: { backchannelLogout: { enabled: true } },
    // Its own dispatcher reaches nothing on this machine.
    fetch: (url, init) => {
      const { dispatcher: _, ...asked } = init as RequestInit & { dispatcher?: unknown };
      return fetch(elsewhere(new URL(String(url)), servers), asked);
    },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, ...people[sub] }),
    }),
    claims: { profile: ['preferred_username', 'name'] },
    cookies: { keys: ['key of a test'] },
    ...configuration,
  });
  const handle = provider.callback();
  server.on('request', (request, response) => {
    const path = request.url!.split('?')[0]!;
    asked.set(path, (asked.get(path) ?? 0) + 1);
    handle(request, response);
  });
  return {
    ...{ issuer, people, asked, servers },
    settings: {
      ...{ id, name: 'The Company', issuer, clientId: 'farol', clientSecret: secret },
      scopes: ['openid', 'profile'],
      claims: { localpart: 'preferred_username', displayName: 'name' },
      ...{ makesAccounts: true, linksByName: false, checksLoginTime: true },
      ...told,
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const elsewhere = ({ origin, pathname, search }: URL, servers: Record<string, string>): string =>
  `${servers[origin] ?? origin}${pathname}${search}`;
