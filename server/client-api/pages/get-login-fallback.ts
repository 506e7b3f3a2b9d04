import { endpoint } from '../../http/endpoint.ts';
import { html } from '../../http/html.ts';
import { type Page, page } from '../../http/page.ts';

/** Logs in as the app would, with what it gave the page for that, and hands over what came back. */
const LOG_IN = `
const form = document.forms[0];
const refusal = document.querySelector('[role=alert]');
const button = form.querySelector('button');
const wish = () => {
  const given = new URLSearchParams(location.search);
  const identifier = { type: 'm.id.user', user: form.user.value };
  const all = { type: 'm.login.password', identifier, password: form.password.value };
  for (const name of ['device_id', 'initial_device_display_name'])
    if (given.has(name)) all[name] = given.get(name);
  if (given.get('refresh_token') === 'true') all.refresh_token = true;
  return all;
};
const logIn = async (app) => {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(wish());
  const answer = await fetch('../../../client/v3/login', { method: 'POST', headers, body });
  const said = await answer.json();
  if (!answer.ok) throw new Error(said.error);
  form.remove();
  document.querySelector('h1').textContent = 'You are logged in';
  app.onLogin(said);
};
form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const app = window.matrixLogin;
  refusal.textContent = app && app.onLogin ? '' : 'No app waits for this login: open this page from your app.';
  if (refusal.textContent !== '') return;
  button.disabled = true;
  await logIn(app).catch((error) => { refusal.textContent = error.message; });
  button.disabled = false;
});
`;

const LOGIN: Page = {
  title: 'Log in',
  body: html`<h1>Log in</h1>
<noscript><p>To hand the login over to your app this page needs JavaScript.</p></noscript>
<form method="post">
<label for="user">User name</label>
<input id="user" name="user" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required>
<p role="alert"></p>
<button>Log in</button>
</form>`,
  script: { text: LOG_IN, asks: true },
};

/** For clients that know none of the ways to log in (client-server API, login fallback). */
export const getLoginFallback = endpoint({
  operation: 'getLoginFallback',
  routes: ['GET /_matrix/static/client/login/'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  servedBy: 'any',
  handle: async () => page(LOGIN),
});
