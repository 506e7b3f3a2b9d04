import { z } from 'zod';
import { wholeAnswer } from '../../http/answer.ts';
import { endpoint } from '../../http/endpoint.ts';
import { subscriberOf } from '../../http/rate-limits.ts';
import {
  askedFor,
  donePage,
  type StagePorts,
  sessionField,
  stagePage,
  stagePath,
} from './stage-page.ts';

/** The form of that page. What was right the first time, such as a token, need not be so at a repeat. */
export const postAuthFallback = endpoint({
  operation: 'postAuthFallback',
  routes: [
    'POST /_matrix/client/v3/auth/{authType}/fallback/web',
    'POST /_matrix/client/r0/auth/{authType}/fallback/web',
  ],
  auth: 'nobody',
  rateLimit: 'login',
  idempotency: 'request',
  path: stagePath,
  body: {
    form: z.object({
      session: sessionField,
      password: z.string().max(4_096).optional(),
      token: z.string().max(1_024).optional(),
    }),
  },
  async handle({ path, body, request, once }, { stagesInBrowser }: StagePorts) {
    const { password = '', token = '' } = body;
    const asked = askedFor(path, body);
    const address = subscriberOf(request.address);
    const done = donePage();
    const outcome = () => once.outcome(done.status, wholeAnswer(done));
    const how = { address, outcome };
    const refusal = await stagesInBrowser.finish(asked, { password, token }, how);
    return refusal === undefined ? done : stagePage(asked, stagesInBrowser.open(asked), refusal);
  },
});
