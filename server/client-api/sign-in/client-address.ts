import { z } from 'zod';

/** What would run in the page that leads there, or show what lies on the machine. */
const NEVER = new Set([
  ...['javascript:', 'data:', 'vbscript:', 'blob:', 'filesystem:', 'file:', 'about:'],
  ...['view-source:', 'jar:'],
]);

/** It comes along in a cookie, of which browsers keep 4 KiB. */
const LENGTH_MAX = 1_200;

/** Where a client waits for its token: a page of its own, or an app by a scheme of its own (`element://…`). */
export const clientAddress = z
  .string()
  .max(LENGTH_MAX)
  .refine(
    (text) => URL.canParse(text) && !NEVER.has(new URL(text).protocol),
    'must be the address of your app',
  );

/** As the specification has it (client-server API, `loginToken`). One that the client itself gave is no token. */
export function withToken(redirectUrl: string, loginToken: string): string {
  const url = new URL(redirectUrl);
  url.searchParams.set('loginToken', loginToken);
  return url.href;
}

/** For people: who it is that they let in. */
export function shownClient(redirectUrl: string): string {
  const { protocol, host } = new URL(redirectUrl);
  return protocol === 'https:' ? host : `${protocol}//${host}`;
}

/** At or below one of the addresses that the operator trusts. */
export const isTrusted = (redirectUrl: string, trusted: readonly string[]): boolean =>
  trusted.some((each) => isAtOrBelow(new URL(redirectUrl), new URL(each)));

function isAtOrBelow(url: URL, above: URL): boolean {
  if (url.protocol !== above.protocol || url.host !== above.host) return false;
  const folder = above.pathname.endsWith('/') ? above.pathname : `${above.pathname}/`;
  return url.pathname === above.pathname || url.pathname.startsWith(folder);
}
