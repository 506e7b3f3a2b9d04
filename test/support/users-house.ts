import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AdminApi, adminApiBehind } from '../../failover/users/admin-api.ts';
import { type KeptLogin, keptLogin } from '../../failover/users/kept-login.ts';
import { type Asked, users } from '../../failover/users/users.ts';
import { type ApiOptions, PASSWORD, startApi } from './api-server.ts';
import { temporaryFolder } from './folder.ts';

/** A whole server, and `farol users` beside it. */
export async function raise(options: ApiOptions = {}) {
  const api = await startApi(options);
  const home = temporaryFolder();
  const plain = adminApiBehind({ origin: api.origin, host: 'example.org', connect: NO_TLS });
  const farol = async (words: string, typed: Typed = {}): Promise<[number, string]> => {
    const { types, confirmed = null, environment = {}, ...asked } = typed;
    const said: string[] = [];
    const status = await users(
      {
        ...{ words: words.split(' '), admin: false, erase: false, json: false },
        ...{ limit: undefined, ...asked },
      },
      {
        ...{ api: typed.api ?? plain, serverName: 'example.org', host: 'north' },
        sharedSecret: typed.sharedSecret ?? (() => options.registrationSecret),
        login: typed.login ?? keptLogin(environment, home),
        askPassword: async () => types!,
        confirm: async () => confirmed,
        print: (text) => void said.push(text),
      },
    );
    return [status, said.join('\n')];
  };
  const file = join(home, '.config/farol/login.json');
  return {
    ...{ api, plain, home, file, farol },
    keptToken: (): string => JSON.parse(readFileSync(file, 'utf8')).token,
    isOpen: async (token: string) =>
      (await api.ask('GET /account/whoami', { token })).status === 200,
    devicesOf: async (token: string): Promise<number> =>
      (await api.ask('GET /devices', { token })).body.devices.length,
    async asAdministrator() {
      await api.register('ada', 'DESK', { admin: true });
      await farol('login ada', { types: PASSWORD });
    },
    async logIn(user: string, password: string) {
      const body = { type: 'm.login.password', user, password };
      return (await api.ask('POST /login', { body })).status;
    },
    async [Symbol.asyncDispose]() {
      await plain.close();
      await api[Symbol.asyncDispose]();
    },
  };
}

interface Typed extends Partial<Omit<Asked, 'words'>> {
  readonly types?: string;
  readonly confirmed?: string | null;
  readonly environment?: NodeJS.ProcessEnv;
  readonly api?: AdminApi;
  readonly login?: KeptLogin;
  sharedSecret?(): string | undefined;
}

const NO_TLS = { allowPartialTrustChain: true } as const;
