import type { Config } from '../config/schema.ts';
import { isEverywhere } from './origin-for-clients.ts';

export interface Welcome {
  readonly config: Pick<
    Config,
    'serverName' | 'registration' | 'data' | 'database' | 'listen' | 'publicUrl'
  >;
  /** Where clients reach this server. */
  readonly publicUrl: string;
  readonly registrationToken: string | undefined;
  readonly hasAccounts: boolean;
}

/** What `npm start` says once the server answers. */
export function greeting(welcome: Welcome): string {
  const { config, publicUrl, registrationToken, hasAccounts } = welcome;
  const lines = [`Farol is ready at ${publicUrl} (server name ${config.serverName}).`];
  if (config.publicUrl === undefined && isEverywhere(config.listen)) {
    lines.push(
      'That URL is a guess: --public-url says the one by which clients reach this server.',
    );
  }
  if (registrationToken !== undefined) {
    lines.push(`Whoever has the registration token ${registrationToken} may make an account.`);
  }
  if (!hasAccounts) lines.push(...whileItCanBeChanged(welcome), ...firstUser(welcome));
  return lines.join('\n');
}

function whileItCanBeChanged({ config }: Welcome): string[] {
  if (config.serverName !== 'localhost') return [];
  const afresh = config.database === undefined ? `remove ${config.data}` : 'empty the database';
  return [
    'Users of this server are @name:localhost, and a server name is for ever.',
    `  For another one stop Farol, ${afresh}, and start with: npm start -- --server-name example.org`,
  ];
}

function firstUser({ config, publicUrl, registrationToken }: Welcome): string[] {
  if (config.registration === 'closed') {
    return [
      'To make the first user, start once with --registration token: registration is closed.',
    ];
  }
  const auth =
    config.registration === 'token'
      ? { type: 'm.login.registration_token', token: registrationToken }
      : { type: 'm.login.dummy' };
  const body = JSON.stringify({ username: 'alice', password: 'CHOOSE-ONE', auth });
  return [
    'To make the first user, register in any Matrix client (homeserver: the URL above), or run:',
    `  curl -X POST ${publicUrl}/_matrix/client/v3/register -d '${body}'`,
  ];
}
