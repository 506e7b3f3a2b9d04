import { Answer } from '../../http/answer.ts';
import { html } from '../../http/html.ts';
import { page, redirect } from '../../http/page.ts';
import type { Granted, NameWanted, SignIn, TokenGranted } from '../../sign-in/sign-in.ts';
import { donePage } from '../pages/stage-page.ts';
import { isTrusted, shownClient, withToken } from './client-address.ts';
import { type CookiePorts, keeping, lettingGo } from './cookie.ts';

export interface SignInPorts extends CookiePorts {
  readonly signIn: Pick<SignIn, 'providers' | 'providersOf' | 'leave' | 'comeBack' | 'name'>;
  /** Addresses of clients to which a token goes without a question. */
  readonly signInClients: readonly string[];
}

const withHeaders = ({ status, headers, body }: Answer, more: Record<string, string>): Answer =>
  new Answer(status, { ...headers, ...more }, body ?? '');

export const sendAway = (location: string, cookie: string, ports: CookiePorts): Answer =>
  withHeaders(redirect(location), keeping(cookie, ports));

/** With several providers. */
export const choicePage = (providers: SignIn['providers'], query: string): Answer =>
  page({
    title: 'Sign in',
    body: html`<h1>Sign in</h1>
<p>How do you want to sign in?</p>
<ul>${providers.map(
      ({ id, name }) => html`<li><a href="redirect/${id}?${query}">${name}</a></li>`,
    )}</ul>`,
  });

export const grantedAnswer = (
  granted: Granted,
  ports: SignInPorts,
  how: { byForm: boolean },
): Answer =>
  granted.kind === 'stage'
    ? withHeaders(donePage(), lettingGo(ports))
    : signedInAnswer(granted, ports, how);

/**
 * Whoever wrote the address of the client may have sent somebody here to get their token, so they are asked. To click, and not
 * a redirect, where a form led here: a browser follows none from a form to another server (`form-action`).
 */
function signedInAnswer(
  { loginToken, redirectUrl, userId }: TokenGranted,
  ports: SignInPorts,
  { byForm }: { byForm: boolean },
): Answer {
  const location = withToken(redirectUrl, loginToken);
  const isKnown = isTrusted(redirectUrl, ports.signInClients);
  if (isKnown && !byForm) return withHeaders(redirect(location), lettingGo(ports));
  const client = shownClient(redirectUrl);
  const body = html`<h1>Go on to ${client}?</h1>
<p>You are signed in as <strong>${userId}</strong>. Whoever has this page of yours open at
<strong>${client}</strong> will read and write in your name. If you do not know it, close this page.</p>
<p><a href="${location}">Go on to ${client}</a></p>`;
  return withHeaders(page({ title: 'Go on?', body }), lettingGo(ports));
}

/** With what they typed, and why they cannot have it. */
export function namePage(
  { suggested, formToken }: Pick<NameWanted, 'suggested' | 'formToken'>,
  serverName: string,
  refusal?: string,
): Answer {
  const body = html`<h1>Choose a name</h1>
<p>Others will find you as <strong>@name:${serverName}</strong>. It can never be changed.</p>
<form method="post" action="/_farol/sign-in/name">
<input type="hidden" name="form_token" value="${formToken}">
<label for="localpart">Name</label>
<input id="localpart" name="localpart" value="${suggested}" autocomplete="off" autocapitalize="none" spellcheck="false" required autofocus>
<p role="alert">${refusal ?? ''}</p>
<button>Make my account</button>
</form>`;
  return page({ title: 'Choose a name', body }, refusal === undefined ? 200 : 403);
}

export const keptPage = (answer: Answer, cookie: string, ports: CookiePorts): Answer =>
  withHeaders(answer, keeping(cookie, ports));
