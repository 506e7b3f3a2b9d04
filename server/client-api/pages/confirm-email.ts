import { z } from 'zod';
import type { EmailValidations } from '../../accounts/email-validations.ts';
import { VALIDATION_PAGE } from '../../accounts/validation-token.ts';
import { endpoint } from '../../http/endpoint.ts';
import { html } from '../../http/html.ts';
import { notFound } from '../../http/matrix-error.ts';
import { page } from '../../http/page.ts';

const link = { sid: z.string().max(255), token: z.string().max(255) };

/**
 * Where the link of an e-mail leads. To look at it does nothing: programs that look for viruses follow all
 * links, and would confirm what nobody has read.
 */
export const getConfirmEmail = endpoint({
  operation: 'getConfirmEmail',
  routes: [`GET ${VALIDATION_PAGE}`],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object(link),
  async handle(
    { query },
    { emailValidations }: { emailValidations: Pick<EmailValidations, 'byToken'> },
  ) {
    const begun = await emailValidations.byToken(query);
    if (!begun) throw over();
    if (begun.validatedMs !== null) return donePage(begun.nextLink);
    const body = html`<h1>Is ${begun.address} yours?</h1>
<p>${EFFECTS[begun.purpose]}</p>
<p>If you did not ask for that, close this page.</p>
<form method="post">
<input type="hidden" name="sid" value="${query.sid}">
<input type="hidden" name="token" value="${query.token}">
<button>Yes, confirm</button>
</form>`;
    return page({ title: 'Confirm your address', body });
  },
});

/** The form of that page. */
export const postConfirmEmail = endpoint({
  operation: 'postConfirmEmail',
  routes: [`POST ${VALIDATION_PAGE}`],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  body: { form: z.object(link) },
  async handle(
    { body },
    { emailValidations }: { emailValidations: Pick<EmailValidations, 'confirm'> },
  ) {
    const validated = await emailValidations.confirm(body);
    if (!validated) throw over();
    return donePage(validated.nextLink);
  },
});

const EFFECTS = {
  register: 'Somebody wants to make an account on this server with this address.',
  add: 'Somebody wants to add this address to their account on this server.',
  reset:
    'Somebody wants a new password for your account. Whoever asked for it gets into your account when you confirm this.',
};

const over = () => notFound('This link is over, or was used. Go back to your app, and begin again');

/** To click, and not a redirect: a browser follows none from a form to another server (`form-action`). */
const donePage = (nextLink: string | null) =>
  page({
    title: 'Confirmed',
    body: html`<h1>Confirmed</h1>
${nextLink === null ? BACK : html`<p><a href="${nextLink}">Go on in your app</a></p>`}`,
  });

const BACK = html`<p>You can close this window and go back to your app.</p>`;
