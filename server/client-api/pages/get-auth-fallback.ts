import { z } from 'zod';
import { endpoint } from '../../http/endpoint.ts';
import { askedFor, type StagePorts, sessionField, stagePage, stagePath } from './stage-page.ts';

/** Where a client sends its user for a stage that it does not know. */
export const getAuthFallback = endpoint({
  operation: 'getAuthFallback',
  routes: [
    'GET /_matrix/client/v3/auth/{authType}/fallback/web',
    'GET /_matrix/client/r0/auth/{authType}/fallback/web',
  ],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  path: stagePath,
  query: z.object({ session: sessionField }),
  async handle({ path, query }, { stagesInBrowser }: StagePorts) {
    const asked = askedFor(path, query);
    return stagePage(asked, stagesInBrowser.open(asked));
  },
});
