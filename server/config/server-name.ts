import { z } from 'zod';

const NAME_CHARACTERS_MAX = 230;

/** The part of every user id behind the colon (appendices, "Server Name"), in lower case only. */
export const serverName = z.string().superRefine((text, context) => {
  const message = whatIsWrong(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

/** One sentence without its subject; undefined for a good name. */
function whatIsWrong(text: string): string | undefined {
  if (text === '') return 'is empty: a server name is a host name such as example.org';
  if (/^[a-z]+:\/\//i.test(text)) return `is a URL: leave out ${text.split('//')[0]}//`;
  if (text.includes('@'))
    return 'is a user id or a mail address: only what follows the @ belongs here';
  if (text.length > NAME_CHARACTERS_MAX) return `is longer than ${NAME_CHARACTERS_MAX} characters`;
  if (text !== text.toLowerCase()) return `must be in lower case: ${text.toLowerCase()}`;
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (host === undefined)
    return 'is no host name, nor one with :PORT (an IPv6 address stands in [ ])';
  if (Number(port ?? 0) > 65_535) return `has no such port: ${port}`;
  const wrong = /[^a-z0-9.-]/.exec(host.replaceAll(/^\[|\]$/g, '').replaceAll(':', ''))?.[0];
  if (wrong !== undefined)
    return `has the character "${wrong}"; letters, digits, "." and "-" may stand in it`;
  return host === '' ? 'has no host before its port' : undefined;
}
