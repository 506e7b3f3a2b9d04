import type { ProviderSettings } from '../../server/sign-in/provider.ts';
import { type ApiOptions, type ApiServer, startApi } from './api-server.ts';
import { Browser, type Seen } from './browser.ts';
import { type OpenIdProvider, startOpenIdProvider } from './open-id-provider.ts';

export const SERVER = 'https://matrix.example.org';
export const CLIENT = 'https://app.example.org/';
const REDIRECT = `${SERVER}/_matrix/client/v3/login/sso/redirect`;

/** This server beside providers, and a browser that knows both. */
export interface House extends AsyncDisposable {
  readonly api: ApiServer;
  readonly browser: Browser;
  /** To the provider, up to the address of its door. */
  leave(redirectUrl?: string, provider?: string): Promise<string>;
  leaveBy(url: string): Promise<string>;
  /** By an address of this server, as somebody whose browser at the provider this is and who is not logged in there. */
  visit(there: Browser, url: string, login: string): Promise<string>;
  /** By an address of this server to the provider, and through its pages up to the way back. */
  through(url: string, login: string): Promise<string>;
  /** Through the provider's pages, to where this server lets its user go. */
  signIn(login: string, redirectUrl?: string, provider?: string): Promise<Seen>;
  /** The address at which the provider sends somebody back, not opened yet. */
  backFrom(login: string, redirectUrl?: string, provider?: string): Promise<string>;
}

export async function withProvider(
  told: Partial<ProviderSettings> = {},
  options: ApiOptions = {},
  how?: Parameters<typeof startOpenIdProvider>[1],
) {
  const provider = await startOpenIdProvider(told, how);
  const house = await withApi([provider], options);
  return {
    ...{ ...house, provider },
    async [Symbol.asyncDispose]() {
      await house[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

export async function withApi(
  providers: readonly OpenIdProvider[],
  options: ApiOptions = {},
): Promise<House> {
  const api = await startApi({
    ...{ publicUrl: SERVER, providers: providers.map(({ settings }) => settings) },
    ...options,
  });
  const browser = new Browser({ [SERVER]: api.origin });
  const leaveBy: House['leaveBy'] = async (url) => {
    const at = `${api.origin}${pathOf(url)}`;
    const { headers } = await fetch(at, { redirect: 'manual' });
    const [, name = '', value = ''] = /^([^=]+)=([^;]+)/.exec(headers.get('set-cookie')!)!;
    browser.cookies = [{ origin: SERVER, path: '/', name, value }];
    return headers.get('location')!;
  };
  for (const { servers } of providers) servers[SERVER] = api.origin;
  // From there our own server is out of reach.
  const visit: House['visit'] = async (there, url, login) => {
    let page = await there.open(await leaveBy(url));
    page = await there.submit(page, { login, password: 'x' });
    while (page.status !== 0) page = await there.submit(page);
    return page.url;
  };
  const through: House['through'] = (url, login) => visit(new Browser({}), url, login);
  const backFrom: House['backFrom'] = (login, ...asked) => through(leaving(...asked), login);
  return {
    ...{ api, browser, leaveBy, leave: (...asked) => leaveBy(leaving(...asked)) },
    ...{ visit, through, backFrom },
    signIn: async (...asked) => browser.open(await backFrom(...asked)),
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}

export const leaving = (redirectUrl = CLIENT, provider?: string) =>
  `${REDIRECT}${provider === undefined ? '' : `/${provider}`}?${new URLSearchParams({ redirectUrl })}`;

export const pathOf = (url: string) => url.slice(SERVER.length);

export const cookieOf = ({ cookies }: Browser) =>
  cookies.map(({ name, value }) => `${name}=${value}`).join('; ');

export const linkIn = ({ text }: Seen) =>
  new URL(/<a href="([^"]*)"/.exec(text)![1]!.replaceAll('&amp;', '&'));

export const logIn = ({ api }: House, page: Seen, deviceId?: string) => {
  const token = linkIn(page).searchParams.get('loginToken');
  const named = deviceId === undefined ? {} : { device_id: deviceId };
  return api.ask('POST /login', { body: { type: 'm.login.token', token, ...named } });
};
