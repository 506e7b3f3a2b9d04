import { z } from 'zod';
import type {
  StageAsked,
  StageInBrowser,
  StagesInBrowser,
} from '../../accounts/stages-in-browser.ts';
import { name } from '../../http/fields.ts';
import { type Html, html } from '../../http/html.ts';
import { type Page, page } from '../../http/page.ts';
import type { UiaStage } from '../../protocol/interactive-auth.ts';

export interface StagePorts {
  readonly stagesInBrowser: Pick<StagesInBrowser, 'open' | 'finish'>;
}

export const stagePath = z.object({ authType: name });
/** The value that the client was given: it names the parameters of its request, of which there may be some. */
export const sessionField = z.string().min(1).max(16_384);

export const askedFor = (
  { authType: stage }: z.output<typeof stagePath>,
  { session }: { session: string },
): StageAsked => ({ stage, session });

/** What somebody has to fill in, and why what they filled in was refused. */
export function stagePage(asked: StageAsked, found: StageInBrowser, refusal?: string) {
  if (found.stage === 'm.login.sso') return linkPage(asked, found);
  const { title, fields } = FORMS[found.stage](found);
  const body = html`<h1>${title}</h1>
<form method="post" action="web">
<input type="hidden" name="session" value="${asked.session}">
${fields}
<p role="alert">${refusal ?? ''}</p>
<button>Continue</button>
</form>`;
  return page({ title, body }, refusal === undefined ? 200 : 403);
}

const linkPage = ({ session }: StageAsked, { userId }: StageInBrowser) =>
  page({
    title: 'Prove that it is you',
    body: html`<h1>Prove that it is you</h1>
<p>Your app wants to change something that only <strong>${userId ?? 'nobody'}</strong> may, such as to remove a device.
If you did not ask it for that, close this page. Else sign in once more where you sign in to this server:</p>
<p><a href="/_farol/sign-in/prove?${`${new URLSearchParams({ session })}`}">Go on</a></p>`,
  });

interface Form {
  readonly title: string;
  readonly fields: Html;
}

const FORMS: Readonly<Record<Exclude<UiaStage, 'm.login.sso'>, (found: StageInBrowser) => Form>> = {
  'm.login.dummy': () => ({
    title: 'Go on?',
    fields: html`<p>Your app asked this server for something that needs your consent.</p>`,
  }),
  'm.login.password': ({ userId }) => ({
    title: 'Your password',
    fields: html`<p>To go on as <strong>${userId ?? 'nobody'}</strong>, type your password.</p>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>`,
  }),
  'm.login.email.identity': () => ({
    title: 'Confirm your address',
    fields: html`<p>Your app asks you for an e-mail address, and this server writes to it. Open the link in that e-mail, then go back to your app.</p>`,
  }),
  'm.login.terms': ({ terms }) => ({
    title: 'What you agree to',
    fields: html`<p>To make an account on this server you agree to this. Read it before you go on:</p>
<ul>${Object.entries(terms?.documents ?? {}).map(
      ([language, { name, url }]) =>
        html`<li><a href="${url}" hreflang="${language}" target="_blank" rel="noopener">${name}</a> (${language})</li>`,
    )}</ul>`,
  }),
  'm.login.registration_token': () => ({
    title: 'Your invitation',
    fields: html`<p>To make an account on this server you need a token. Who runs the server can give you one.</p>
<label for="token">Registration token</label>
<input id="token" name="token" autocomplete="off" autocapitalize="none" spellcheck="false" required autofocus>`,
  }),
};

/** As the specification has it (client-server API, fallback). */
const TELL_THE_APP = `
if (window.onAuthDone) {
  window.onAuthDone();
} else if (window.opener && window.opener.postMessage) {
  window.opener.postMessage("authDone", "*");
}
`;

const DONE: Page = {
  title: 'Done',
  body: html`<h1>Done</h1>
<p>You can close this window and go back to your app.</p>`,
  script: { text: TELL_THE_APP },
};

export const donePage = () => page(DONE);
