import { endpoint } from '../../http/endpoint.ts';
import { html } from '../../http/html.ts';
import { page } from '../../http/page.ts';
import type { PublicUrl } from '../discovery/get-wellknown.ts';

/** For whoever looks with a browser whether anything is there. */
export const getWelcome = endpoint({
  operation: 'getWelcome',
  routes: ['GET /_matrix/static/'],
  auth: 'nobody',
  rateLimit: 'none',
  idempotency: 'natural',
  servedBy: 'any',
  async handle(_call, { publicUrl }: PublicUrl) {
    const title = 'A Matrix homeserver';
    const address = publicUrl ?? 'what stands before /_matrix in the address of this page';
    const body = html`<h1>${title}</h1>
<p>It runs. To talk, open a Matrix client, and give it <strong>${address}</strong> as the homeserver.</p>`;
    return page({ title, body });
  },
});
