import type { Config } from '../config/schema.ts';

export interface Welcome {
  readonly publicUrl: string;
  readonly serverName: string;
  readonly registration: Config['registration'];
  readonly registrationToken: string | undefined;
  readonly hasAccounts: boolean;
}

/** What `npm start` says once the server answers. */
export function greeting(welcome: Welcome): string {
  const lines = [`Farol is ready at ${welcome.publicUrl} (server name ${welcome.serverName}).`];
  if (welcome.registrationToken !== undefined) {
    lines.push(
      `Whoever has the registration token ${welcome.registrationToken} may make an account.`,
    );
  }
  if (!welcome.hasAccounts) lines.push(...firstUser(welcome));
  return lines.join('\n');
}

function firstUser({ publicUrl, registration, registrationToken }: Welcome): string[] {
  if (registration === 'closed') {
    return [
      'To make the first user, start once with --registration token: registration is closed.',
    ];
  }
  const auth =
    registration === 'token'
      ? { type: 'm.login.registration_token', token: registrationToken }
      : { type: 'm.login.dummy' };
  const body = JSON.stringify({ username: 'alice', password: 'CHOOSE-ONE', auth });
  return [
    'To make the first user, register in any Matrix client (homeserver: the URL above), or run:',
    `  curl -X POST ${publicUrl}/_matrix/client/v3/register -d '${body}'`,
  ];
}
