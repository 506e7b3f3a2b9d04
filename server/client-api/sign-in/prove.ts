import { z } from 'zod';
import type { StagesInBrowser } from '../../accounts/stages-in-browser.ts';
import { endpoint, type RequestMeta } from '../../http/endpoint.ts';
import { name } from '../../http/fields.ts';
import { html } from '../../http/html.ts';
import { invalidParam, notFound } from '../../http/matrix-error.ts';
import { page } from '../../http/page.ts';
import { stagePage } from '../pages/stage-page.ts';
import { type SignInPorts, sendAway } from './sign-in-pages.ts';

interface Ports extends SignInPorts {
  readonly stagesInBrowser: Pick<StagesInBrowser, 'open'>;
}

/**
 * From the page of the stage to the provider that vouches for the user: a link, since a form may lead to no other server.
 * Whoever comes by somebody else's link has not seen that page, and so not what they would prove, nor for whom.
 */
export const getSignInProve = endpoint({
  operation: 'getSignInProve',
  routes: ['GET /_farol/sign-in/prove'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  query: z.object({ session: z.string().min(1).max(16_384), idp: name.optional() }),
  async handle({ query, request }, ports: Ports) {
    const { signIn, stagesInBrowser } = ports;
    const asked = { session: query.session, stage: 'm.login.sso' };
    const found = stagesInBrowser.open(asked);
    const { userId, session } = found;
    if (!isOurLink(request)) return stagePage(asked, found);
    if (userId === undefined) throw invalidParam('Nobody is known whom a provider could vouch for');
    const all = await signIn.providersOf(userId);
    const chosen = query.idp === undefined ? all : all.filter(({ id }) => id === query.idp);
    const [only, ...others] = chosen;
    if (!only) throw notFound('No provider of this server vouches for you');
    if (others.length > 0) return choice(chosen, query.session);
    const { location, cookie } = await signIn.leave(only.id, { kind: 'stage', session, userId });
    return sendAway(location, cookie, ports);
  },
});

/** Browsers of before 2023 do not say. */
const isOurLink = ({ fetchSite }: RequestMeta) =>
  fetchSite === undefined || fetchSite === 'same-origin';

const choice = (providers: SignInPorts['signIn']['providers'], session: string) =>
  page({
    title: 'Prove that it is you',
    body: html`<h1>Prove that it is you</h1>
<ul>${providers.map(
      ({ id, name }) =>
        html`<li><a href="prove?${`${new URLSearchParams({ idp: id, session })}`}">${name}</a></li>`,
    )}</ul>`,
  });
