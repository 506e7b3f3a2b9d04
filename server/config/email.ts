import { join } from 'node:path';
import { ConfigError } from './config-error.ts';
import type { EmailKeys } from './email-keys.ts';
import { filesIn, readFileOf, readPasswordOf } from './named-files.ts';

export type EmailConfig = NonNullable<ReturnType<typeof emailOf>>;

/** Undefined where no e-mails are sent. What lies in files is read at the start: throws ConfigError, who must do what. */
export function emailOf(email: EmailKeys, serverName: string) {
  if (email === undefined) return undefined;
  const { host, port, security, user, from, fromName = serverName } = email;
  return {
    smtp: {
      ...{ host, port, security, user },
      ca: email.ca === undefined ? undefined : readFileOf('email.ca', email.ca),
      password: passwordOf(email),
      from: { name: fromName, address: from },
    },
    perHourMax: email.perHourMax,
    language: email.language,
    letters: lettersIn(email.templates),
    nextLinkHosts: email.nextLinkHosts ?? [],
    isRequired: email.requiredToRegister,
  };
}

function passwordOf({ user, passwordFile }: NonNullable<EmailKeys>): string | undefined {
  if (user !== undefined && passwordFile !== undefined)
    return readPasswordOf('email.passwordFile', passwordFile);
  if (user === undefined && passwordFile === undefined) return undefined;
  throw new ConfigError(
    'The keys "email.user" and "email.passwordFile" belong together: give both, or neither where the mail server asks for none.',
  );
}

/** What the operator's folder has instead of our own words: a line for the subject, an empty one, and the text. */
function lettersIn(folder: string | undefined): Record<string, { subject: string; text: string }> {
  if (folder === undefined) return {};
  const files = filesIn('email.templates', folder).filter((name) => name.endsWith('.txt'));
  const all = files.map((name) => [name.slice(0, -4), letterIn(join(folder, name))] as const);
  return Object.fromEntries(all);
}

function letterIn(file: string) {
  const [subject = '', empty, ...lines] = readFileOf('email.templates', file)
    .trimEnd()
    .split(/\r?\n/);
  if (subject.trim() !== '' && empty?.trim() === '' && lines.length > 0)
    return { subject: subject.trim(), text: `${lines.join('\n')}\n` };
  throw new ConfigError(
    `The e-mail in ${file} must have its subject on the first line, then an empty line, then its text: mend it, or take it away for the words that Farol has of its own.`,
  );
}
